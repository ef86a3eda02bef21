"""Lists, pairs and mappings of numbers that are the curves of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nandoctor.checkpoints.small_values import number, small_array, whole

MAX_ROWS = 5_000_000
Numbers = list[float | None]


def numbers(value: Any) -> Numbers | None:
    """Return a flat list of numbers (None stays None), None where the value is none."""
    array = small_array(value)
    if array is not None and array.size > 1:
        return [float(v) for v in array.reshape(-1)]
    if not isinstance(value, (list, tuple)) or not value or len(value) > MAX_ROWS:
        return None
    found = [None if v is None else number(v) for v in value]
    return (
        found
        if all(f is not None or v is None for f, v in zip(found, value, strict=True))
        else None
    )


def _pairs(value: Any) -> tuple[list[int], Numbers] | None:
    """Return (steps, values) of a list of (step, value) pairs or of a mapping step -> value."""
    items = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(items, (list, tuple)) or not items or len(items) > MAX_ROWS:
        return None
    if not all(isinstance(item, (list, tuple)) and len(item) == 2 for item in items):
        return None
    steps = [whole(item[0]) for item in items]
    known = [s for s in steps if s is not None]
    return (known, [number(item[1]) for item in items]) if len(known) == len(items) else None


@dataclass(frozen=True, slots=True)
class Curve:
    """Values in order, with their steps where the file gives them."""

    values: Numbers
    steps: list[int] | None = None


def columns_of(node: Mapping[Any, Any], column: Callable[[Any], str]) -> dict[str, Curve]:
    """Return the values of a mapping that are curves, by the column that ``column`` names."""
    columns: dict[str, Curve] = {}
    for key, value in node.items():
        name = column(key)
        if name and name not in columns:
            plain, pairs = numbers(value), _pairs(value)
            if plain:
                columns[name] = Curve(plain)
            elif pairs:
                columns[name] = Curve(pairs[1], pairs[0])
    return columns
