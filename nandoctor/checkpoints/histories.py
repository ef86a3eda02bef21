"""The loss and gradient-norm curves that a checkpoint carries, as a MetricHistory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nandoctor.checkpoints.small_values import number, small_array, whole
from nandoctor.evidence import MetricHistory, metric_history

_LOSS = re.compile(r"(?i)^(train(ing)?_?)?loss(es)?(_?(hist(ory)?|list|log|curve|values|record))?$")
_NORM = re.compile(
    r"(?i)^(total_)?(grad(ient)?_?norms?|grad_?norms?)(_?(hist(ory)?|list|log|values))?$"
)
_LR = re.compile(r"(?i)^(lr|learning_rates?|lrs)(_?(hist(ory)?|list|log|values))?$")
_SCALE = re.compile(r"(?i)^(loss_)?scales?(_?(hist(ory)?|list|log|values))?$")
_STEPS = re.compile(r"(?i)^(global_)?(steps?|iterations?|iters?)(_?(hist(ory)?|list|log|values))?$")
_COLUMNS = {"loss": _LOSS, "grad_norm": _NORM, "lr": _LR, "loss_scale": _SCALE}
_INTERVALS = ("log_every", "log_interval", "logging_steps", "log_steps", "history_every")
_MAX_ROWS = 5_000_000
Numbers = list[float | None]


def history_of(tree: Any, step: int | None) -> MetricHistory | None:
    """Return the curves that stand in the tree; their last row is ``step`` unless it says more."""
    if not isinstance(tree, Mapping):
        return None
    for node in (tree, *_inner_mappings(tree)):
        rows = next((v for v in node.values() if _is_row_list(v)), None)
        if rows is not None:
            found = _from_rows(rows)
            if found is not None:
                return found
    for node in (tree, *_inner_mappings(tree)):
        columns = _columns(node)
        if "loss" in columns or "grad_norm" in columns:
            return _from_columns(node, columns, step)
    return None


def _inner_mappings(tree: Mapping[Any, Any]) -> list[Mapping[Any, Any]]:
    inner = [v for v in tree.values() if isinstance(v, Mapping)]
    return [*inner, *(w for v in inner for w in v.values() if isinstance(w, Mapping))][:256]


def _is_row_list(value: Any) -> bool:
    """Whether a value is a log of rows: ``[{"step": 1, "loss": 2.0}, ...]``."""
    if not isinstance(value, (list, tuple)) or not value or not isinstance(value[0], Mapping):
        return False
    return any(_column_of_key(key) for row in value[:5] if isinstance(row, Mapping) for key in row)


def _column_of_key(key: Any) -> str:
    if not isinstance(key, str):
        return ""
    name = key.rpartition("/")[2]
    return next((column for column, wanted in _COLUMNS.items() if wanted.match(name)), "")


def _from_rows(rows: Sequence[Any]) -> MetricHistory | None:
    kept = [
        row
        for row in rows[:_MAX_ROWS]
        if isinstance(row, Mapping) and any(map(_column_of_key, row))
    ]
    columns: dict[str, Any] = {name: [] for name in _COLUMNS}
    steps: list[int | None] = []
    for row in kept:
        found = {_column_of_key(key): number(value) for key, value in row.items()}
        steps.append(next((whole(v) for k, v in row.items() if _STEPS.match(str(k))), None))
        for name, values in columns.items():
            values.append(found.get(name))
    used = {name: values for name, values in columns.items() if any(v is not None for v in values)}
    if "loss" not in used and "grad_norm" not in used:
        return None
    known = [s for s in steps if s is not None]
    if len(known) == len(steps):
        return metric_history(known, **used)
    return metric_history(range(len(steps)), is_step_index=True, **used)


def numbers(value: Any) -> Numbers | None:
    """Return a flat list of numbers (None stays None), None where the value is none."""
    array = small_array(value)
    if array is not None and array.size > 1:
        return [float(v) for v in array.reshape(-1)]
    if not isinstance(value, (list, tuple)) or not value or len(value) > _MAX_ROWS:
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
    if not isinstance(items, (list, tuple)) or not items or len(items) > _MAX_ROWS:
        return None
    if not all(isinstance(item, (list, tuple)) and len(item) == 2 for item in items):
        return None
    steps = [whole(item[0]) for item in items]
    known = [s for s in steps if s is not None]
    return (known, [number(item[1]) for item in items]) if len(known) == len(items) else None


@dataclass(frozen=True, slots=True)
class _Curve:
    """Values in order, with their steps where the file gives them."""

    values: Numbers
    steps: list[int] | None = None


def _columns(node: Mapping[Any, Any]) -> dict[str, _Curve]:
    """Return the values of a mapping that are curves, by column."""
    columns: dict[str, _Curve] = {}
    for key, value in node.items():
        name = _column_of_key(key)
        if name and name not in columns:
            plain, pairs = numbers(value), _pairs(value)
            if plain:
                columns[name] = _Curve(plain)
            elif pairs:
                columns[name] = _Curve(pairs[1], pairs[0])
    return columns


def _from_columns(
    node: Mapping[Any, Any], columns: dict[str, _Curve], step: int | None
) -> MetricHistory:
    beside = (numbers(v) for k, v in node.items() if isinstance(k, str) and _STEPS.match(k))
    explicit = next((steps for steps in beside if steps), None)
    stride = next((s for s in (whole(node.get(key)) for key in _INTERVALS) if s and s > 0), 1)
    longest = max(len(curve.values) for curve in columns.values())
    end = step if step is not None and step + 1 >= longest else None
    by_step: dict[int, dict[str, float | None]] = {}
    for name, curve in columns.items():
        steps = curve.steps or _steps(len(curve.values), explicit, end, stride, longest)
        for at, entry in zip(steps, curve.values, strict=True):
            by_step.setdefault(at, {})[name] = entry
    order = sorted(by_step)
    table: dict[str, Any] = {name: [by_step[at].get(name) for at in order] for name in columns}
    is_told = end is not None or explicit is not None or any(c.steps for c in columns.values())
    return metric_history(order, is_step_index=not is_told, **table)


def _steps(
    count: int, explicit: Numbers | None, end: int | None, stride: int, longest: int
) -> list[int]:
    """Return the steps of a bare list: given beside it, else counted back from the end."""
    known = [int(s) for s in explicit or () if s is not None and math.isfinite(s)]
    if len(known) == count:
        return known
    if end is None:
        return list(range(longest - count, longest))
    first = end - (count - 1) * stride
    return (
        list(range(first, end + 1, stride)) if first >= 0 else list(range(end - count + 1, end + 1))
    )
