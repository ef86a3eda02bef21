"""Metrics given as Python values (lists, arrays, tensors, Series) as a history; reads no file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import MetricHistory, metric_history

_NO_SEQUENCES = (str, bytes, Mapping, Set)
_FARTHEST = 2**62


def history_of_values(losses: Any, metrics: Mapping[str, Any], steps: Any) -> MetricHistory:
    """Build a history from losses, further metrics (None = not given) and steps (None = index).

    Where the steps go back a new run begins.

    Raises:
        UnreadableInputError: Something is no sequence of numbers, or of another length.
    """
    columns: dict[str, Any] = {"loss": numbers_of("losses", losses)}
    count = len(columns["loss"])
    for name, values in metrics.items():
        if values is not None:
            columns[name] = numbers_of(name, values)
    given = None if steps is None else steps_of(steps)
    for name, values in (*columns.items(), ("steps", given)):
        if values is not None and len(values) != count:
            raise UnreadableInputError(
                f"{name}: {len(values)} values for {count} losses",
                hint="give one value a loss; None where it was not logged",
            )
    if given is None:
        return metric_history(range(count), is_step_index=True, **columns)
    segment = np.cumsum(np.diff(np.array(given, np.int64), prepend=given[:1]) < 0)
    return metric_history(given, segment=segment, **columns)


def numbers_of(name: str, values: Any) -> list[float | None]:
    """Return a sequence as numbers; None and ``pd.NA`` = not logged."""
    try:
        return [_number(value) for value in _items(values)]
    except (TypeError, ValueError) as error:
        raise UnreadableInputError(
            f"{name}: {error}", hint="give a flat sequence of numbers and None"
        ) from error


def steps_of(values: Any) -> list[int]:
    """Return a sequence as whole steps."""
    numbers = numbers_of("steps", values)
    steps = [int(step) for step in numbers if step is not None and abs(step) < _FARTHEST]
    if len(steps) < len(numbers):
        raise UnreadableInputError(
            "steps: one of them is no step", hint="give whole numbers, or no steps at all"
        )
    return steps


def _items(values: Any) -> Iterable[Any]:
    """Return the entries; a column or row of an array (n, 1) counts as flat."""
    if isinstance(values, _NO_SEQUENCES):
        raise TypeError(f"a {type(values).__name__} is no sequence of numbers")
    shape = getattr(values, "shape", None)
    is_flat = shape is None or len(shape) < 2 or max(shape) < math.prod(shape)
    items: Iterable[Any] = values if is_flat else values.reshape(-1)
    return items


def _number(value: Any) -> float | None:
    if value is None or type(value).__name__ == "NAType":
        return None
    if hasattr(value, "item"):  # a tensor that requires a gradient warns where it is cast
        value = value.item()
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
