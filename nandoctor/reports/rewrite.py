"""Rewrites a report wholesale, string by string or field by field; decides nothing about which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def rewritten(value: T, change: Callable[[str], str]) -> T:
    """Return a copy of a report, or any part of one, with every string passed through ``change``.

    Arrays and numbers are shared with the original; keys of mappings are strings too.
    """
    result: Any = walked(value, lambda item: change(item) if isinstance(item, str) else item)
    return result  # type: ignore[no-any-return]


def walked(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which ``change`` was applied to every value but numbers, inner ones first.

    What does not change is shared with the original, so that a large report costs little.
    """
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, (tuple, list)):
        items = [walked(item, change) for item in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return change(value if is_same else type(value)(items))
    if isinstance(value, Mapping):
        pairs = value.items()
        return change({walked(key, change): walked(item, change) for key, item in pairs})
    if is_dataclass(value) and not isinstance(value, type):
        return change(_fields_walked(value, change))
    return change(value)


def _fields_walked(value: Any, change: Callable[[Any], Any]) -> Any:
    changed = {}
    for name in _names(value.__class__):
        old = getattr(value, name)
        new = walked(old, change)
        if new is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
