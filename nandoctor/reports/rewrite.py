"""Rewrites the strings of a report wholesale; decides nothing about which strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


def rewritten(value: T, change: Callable[[str], str]) -> T:
    """Return a copy of a report, or any part of one, with every string passed through ``change``.

    Arrays and numbers are shared with the original; keys of mappings are strings too.
    """
    result: Any = _rewritten(value, change)
    return result  # type: ignore[no-any-return]


def _rewritten(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_rewritten(item, change) for item in value)
    if isinstance(value, list):
        return [_rewritten(item, change) for item in value]
    if isinstance(value, Mapping):
        return {_rewritten(k, change): _rewritten(item, change) for k, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: _rewritten(item, change) for name, item in old.items()}
        return replace(value, **{n: item for n, item in new.items() if item is not old[n]})
    return value
