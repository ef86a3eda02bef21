"""NaNs that a log hides: filtered losses, counters of lost steps, losses no longer printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, MetricHistory

_MIN_FROZEN = 3
"""Rows in a row with one and the same loss that make it frozen."""
_SAME = 1e-6
_NEAR_ZERO = 1e-3
_MIN_SKIPPED = 10
"""Steps in a row that must be lost: a loss scaler finds its level in fewer."""
_MIN_MISSING = 3
_ALWAYS, _HARDLY_EVER = 0.9, 0.05

Bools = NDArray[np.bool_]


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


def find_hidden(run: MetricHistory) -> HiddenNan | None:
    """Return the earliest NaN that the log of one run hides, None where it hides nothing."""
    found = [hidden for check in _CHECKS if (hidden := check(run)) is not None]
    return min(found, key=lambda hidden: (hidden.row, not hidden.is_final), default=None)


def _filtered(run: MetricHistory) -> HiddenNan | None:
    """A loss that stands still, or at 0.0, while the gradient norm is not finite."""
    loss, grad = run.loss, run.grad_norm
    if loss is None or grad is None:
        return None
    rows = np.flatnonzero(loss.logged & grad.logged)
    values, is_bad = loss.values[rows], ~np.isfinite(grad.values[rows]) & loss.finite[rows]
    for first, stop in _stretches(is_bad):
        before = values[:first][np.isfinite(values[:first])]
        usual = float(np.median(np.abs(before))) if len(before) else np.inf
        stretch = values[first:stop]
        last = float(stretch[-1])
        frozen = np.abs(stretch - last) <= _SAME * abs(last)
        length = (
            len(stretch) if frozen.all() else len(stretch) - int(np.flatnonzero(~frozen)[-1]) - 1
        )
        is_zero = last == 0.0 and usual > _NEAR_ZERO * max(1.0, _first_size(before))
        if is_zero or (length >= _MIN_FROZEN and not _repeats(before)):
            start = int(rows[stop - length])
            what = "is 0.0" if is_zero else f"stands still at {last:.4g}"
            return HiddenNan(
                start,
                stop == len(rows),
                f"from step {run.step[start]} on the loss {what} for {length} rows while grad_norm"
                f" is {grad.values[start]}: the log filters non-finite losses",
            )
    return None


def _counted(run: MetricHistory) -> HiddenNan | None:
    """A counter of non-finite steps that grows although the loss looks finite."""
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
    is_final = bool(grown[np.flatnonzero(column.logged)[-1]]) and len(rows) >= _MIN_FROZEN
    return HiddenNan(
        int(rows[0]),
        is_final,
        f"from step {run.step[rows[0]]} on the log counts {growth.sum():.0f} non-finite steps"
        " that its loss does not show",
    )


def _skipped(run: MetricHistory) -> HiddenNan | None:
    """A counter by which every step is skipped, longer than a loss scaler needs."""
    column = run.columns.get("num_skipped_steps")
    if column is None:
        return None
    rows = np.flatnonzero(column.logged)
    growth = _growth(run, column)[rows]
    for first, stop in _stretches(growth >= _passed(run, rows)):
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


def _missing(run: MetricHistory) -> HiddenNan | None:
    """Rows of the kind that carried the loss, which no longer carry it."""
    loss = run.loss
    if loss is None or not loss.logged.any():
        return None
    end = int(np.flatnonzero(loss.logged)[-1]) + 1
    had_loss = loss.logged[:end]
    for name in ("grad_norm", "loss_scale", "lr", "num_skipped_steps"):
        column = run.columns.get(name)
        if column is None or column.logged[:end][had_loss].mean() < _ALWAYS:
            continue
        lacking = column.logged[:end] & ~had_loss
        tail = np.flatnonzero(column.logged[end:]) + end
        if len(tail) >= _MIN_MISSING and lacking.sum() <= _HARDLY_EVER * end:
            return HiddenNan(
                int(tail[0]),
                True,
                f"from step {run.step[tail[0]]} on {len(tail)} rows carry {name} but no loss,"
                " which every row before them did",
            )
    return None


_CHECKS: tuple[Callable[[MetricHistory], HiddenNan | None], ...] = (
    _filtered, _counted, _skipped, _missing,
)  # fmt: skip


def _stretches(mask: Bools) -> list[tuple[int, int]]:
    """Return the start and the end of each stretch of True."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _growth(run: MetricHistory, column: Column) -> NDArray[np.float64]:
    """Return what a counter grew by in each row, be it cumulative or a count of the interval."""
    rows = np.flatnonzero(column.logged)
    values = np.where(column.finite, column.values, 0.0)[rows]
    # A count of one interval cannot exceed the interval.
    is_cumulative = bool((values[1:] > _passed(run, rows)[1:]).any())
    grown = np.zeros(len(run))
    grown[rows] = np.diff(values, prepend=values[:1]) if is_cumulative else values
    return grown


def _passed(run: MetricHistory, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return how many steps each row stands for."""
    steps = run.step[rows]
    return np.maximum(np.diff(steps, prepend=steps[:1] - 1), 1)


def _first_size(before: NDArray[np.float64]) -> float:
    return abs(float(before[0])) if len(before) else 0.0


def _repeats(before: NDArray[np.float64]) -> bool:
    """Whether the loss used to repeat itself anyway (printed coarsely, or constant)."""
    return len(before) > 1 and float((np.diff(before) == 0).mean()) > _HARDLY_EVER
