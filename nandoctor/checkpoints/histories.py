"""The loss and gradient-norm curves that a checkpoint carries, as a MetricHistory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nandoctor.checkpoints.curves import MAX_ROWS, Curve, Numbers, columns_of, numbers
from nandoctor.checkpoints.small_values import number, whole
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
        columns = columns_of(node, _column_of_key)
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
        row for row in rows[:MAX_ROWS] if isinstance(row, Mapping) and any(map(_column_of_key, row))
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


def _from_columns(
    node: Mapping[Any, Any], columns: dict[str, Curve], step: int | None
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
