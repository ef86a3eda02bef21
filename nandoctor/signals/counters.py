"""Counters of lost steps that tell of NaNs which the loss does not show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, MetricHistory

_MIN_COUNTED = 3
_MOST = 1e15
_MIN_SKIPPED = 10
"""Steps in a row that must be lost: a loss scaler finds its level in fewer."""


@dataclass(frozen=True, slots=True)
class HiddenNan:
    """The row at which a log began to hide a NaN.

    Args:
        row: Position in the history.
        is_final: The run never came back from it.
        evidence: One sentence with the numbers.
    """

    row: int
    is_final: bool
    evidence: str


def counted(run: MetricHistory) -> HiddenNan | None:
    """Return where a counter of non-finite steps grows although the loss looks finite."""
    column = run.columns.get("num_nan_steps")
    if column is None:
        return None
    loss = run.loss
    growth = _growth(run, column)
    grown = growth > 0
    if loss is not None:
        grown &= ~loss.nonfinite
    rows = np.flatnonzero(grown)
    if not len(rows):
        return None
    is_final = bool(grown[np.flatnonzero(column.logged)[-1]]) and len(rows) >= _MIN_COUNTED
    return HiddenNan(
        int(rows[0]),
        is_final,
        f"from step {run.step[rows[0]]} on the log counts {growth.sum():.0f} non-finite steps"
        " that its loss does not show",
    )


def skipped(run: MetricHistory) -> HiddenNan | None:
    """Return where every step is skipped for longer than a loss scaler needs."""
    column = run.columns.get("num_skipped_steps")
    if column is None:
        return None
    rows = np.flatnonzero(column.logged)
    growth = _growth(run, column)[rows]
    for first, stop in stretches(growth >= _passed(run, rows)):
        lost = float(growth[first:stop].sum())
        is_final = stop == len(rows)
        if lost >= _MIN_SKIPPED and (is_final or first > 0):
            start = int(rows[first])
            return HiddenNan(
                start,
                is_final,
                f"from step {run.step[start]} on all of {lost:.0f} steps were skipped:"
                " their gradients were not finite",
            )
    return None


def stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the start and the end of each stretch of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _growth(run: MetricHistory, column: Column) -> NDArray[np.float64]:
    """Return what a counter grew by in each row, be it cumulative or a count of the interval."""
    rows = np.flatnonzero(column.logged)
    values = np.clip(np.where(column.finite, column.values, 0.0)[rows], 0.0, _MOST)
    # A count of one interval cannot exceed the interval.
    is_cumulative = bool((values[1:] > _passed(run, rows)[1:]).any())
    grown = np.zeros(len(run))
    grown[rows] = np.diff(values, prepend=values[:1]) if is_cumulative else values
    return grown


def _passed(run: MetricHistory, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return how many steps each row stands for."""
    steps = run.step[rows]
    return np.maximum(np.diff(steps, prepend=steps[:1] - 1), 1)
