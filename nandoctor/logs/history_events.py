"""The events that a table of numbers tells by itself (CSV, JSON, TensorBoard, ...); messages stand
elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, LogEvent, MetricHistory


def events_of(history: MetricHistory) -> list[LogEvent]:
    """Return one event for each stretch of non-finite loss, grad norm or hidden NaN."""
    loss, norm = history.loss, history.grad_norm
    count = len(history)
    bad_loss = loss.nonfinite if loss is not None else np.zeros(count, bool)
    bad_norm = norm.nonfinite if norm is not None else np.zeros(count, bool)
    hidden = np.zeros(count, bool)
    if loss is not None and norm is not None:
        hidden = bad_norm & np.isnan(norm.values) & loss.finite & (loss.values == 0)
    grown = history.columns.get("num_nan_steps")
    if grown is not None:
        hidden |= _grows(grown)
    found = [
        *_starts(history, "nonfinite_loss", bad_loss, loss),
        *_starts(history, "nonfinite_grad", bad_norm & ~bad_loss & ~hidden, norm),
        *_starts(history, "hidden_nan", hidden & ~bad_loss, norm),
    ]
    return sorted(found, key=lambda event: (event.line, event.step or 0))


def _grows(column: Column) -> NDArray[np.bool_]:
    values = np.where(column.logged & np.isfinite(column.values), column.values, 0.0)
    highest = np.maximum.accumulate(values)
    grown: NDArray[np.bool_] = np.diff(highest, prepend=0.0) > 0
    return grown


def _starts(
    history: MetricHistory, kind: str, rows: NDArray[np.bool_], column: Column | None
) -> Iterator[LogEvent]:
    begins = rows & ~np.concatenate([[False], rows])[: len(rows)]
    for row in np.flatnonzero(begins).tolist():
        step = int(history.step[row])
        value = f" = {column.values[row]}" if column is not None else ""
        name = {"nonfinite_loss": "loss", "nonfinite_grad": "grad_norm"}.get(kind, "grad_norm")
        yield LogEvent(kind, int(history.line[row]), f"step {step}: {name}{value}", step)
