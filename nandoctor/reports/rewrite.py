"""Rewrites a report wholesale, string by string or field by field; decides nothing about which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


def rewritten(value: T, change: Callable[[str], str]) -> T:
    """Return a copy of a report, or any part of one, with every string passed through ``change``.

    Arrays and numbers are shared with the original; keys of mappings are strings too.
    """
    result: Any = walked(value, lambda item: change(item) if isinstance(item, str) else item)
    return result  # type: ignore[no-any-return]


def walked(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which ``change`` was applied to every value, inner ones first."""
    if isinstance(value, tuple):
        return change(tuple(walked(item, change) for item in value))
    if isinstance(value, list):
        return change([walked(item, change) for item in value])
    if isinstance(value, Mapping):
        pairs = value.items()
        return change({walked(key, change): walked(item, change) for key, item in pairs})
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: walked(item, change) for name, item in old.items()}
        return change(replace(value, **{n: v for n, v in new.items() if v is not old[n]}))
    return change(value)
