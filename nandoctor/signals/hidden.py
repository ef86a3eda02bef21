"""NaNs that a log hides: filtered losses and losses no longer printed; counters.py has the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import MetricHistory
from nandoctor.signals.counters import HiddenNan, counted, skipped, stretches

_MIN_FROZEN = 3
"""Rows in a row with one and the same loss that make it frozen."""
_SAME = 1e-6
_NEAR_ZERO = 1e-3
_MIN_MISSING = 3
_MIN_LOST = 24
"""Gradients in a row that are not finite: more than a loss scaler needs to find its level."""
_QUIETER = 0.2
"""A loss whose steps shrink to this share of what they were is an average, not a measurement."""
_ALWAYS, _HARDLY_EVER = 0.9, 0.05


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
    for first, stop in stretches(is_bad):
        before = values[:first][np.isfinite(values[:first])]
        usual = float(np.median(np.abs(before))) if len(before) else np.inf
        stretch = values[first:stop]
        last = float(stretch[-1])
        frozen = np.abs(stretch - last) <= _SAME * abs(last)
        length = (
            len(stretch) if frozen.all() else len(stretch) - int(np.flatnonzero(~frozen)[-1]) - 1
        )
        is_final = stop == len(rows)
        is_zero = last == 0.0 and usual > _NEAR_ZERO * max(1.0, _first_size(before))
        # A loss may be 0.0 once beside an overflow; what a filter hides does not come back so soon.
        is_zero &= is_final or length >= _MIN_FROZEN
        if is_zero or (length >= _MIN_FROZEN and not _repeats(before)):
            start = int(rows[stop - length])
            what = "is 0.0" if is_zero else f"stands still at {last:.4g}"
            return HiddenNan(
                start,
                is_final,
                f"from step {run.step[start]} on the loss {what} for {length} rows while grad_norm"
                f" is {grad.values[start]}: the log filters non-finite losses",
            )
    return None


def _lost(run: MetricHistory) -> HiddenNan | None:
    """Gradients that turned non-finite for good while the loss goes on."""
    loss, grad = run.loss, run.grad_norm
    if loss is None or grad is None:
        return None
    rows = np.flatnonzero(grad.logged)
    is_finite = np.isfinite(grad.values[rows])
    first = int(np.flatnonzero(is_finite)[-1]) + 1 if is_finite.any() else 0
    length = len(rows) - first
    if length < _MIN_LOST or first < _MIN_LOST or is_finite[:first].mean() < _ALWAYS:
        return None
    start = int(rows[first])
    tail = loss.values[start:][loss.logged[start:]]
    before = loss.values[:start][loss.finite[:start]]
    if len(tail) < 2 or len(before) < 2 or not np.isfinite(tail).all():
        return None
    if _falls(run, start):
        return None
    is_average = np.median(np.abs(np.diff(tail))) < _QUIETER * np.median(np.abs(np.diff(before)))
    return HiddenNan(
        start,
        bool(is_average),
        f"from step {run.step[start]} on grad_norm is not finite in all of {length} rows"
        " while the loss looks finite",
    )


def _falls(run: MetricHistory, start: int) -> bool:
    """Whether a logged loss scale falls from a row on: steps are skipped, the loss is real."""
    scale = run.loss_scale
    tail = scale.values[start:][scale.finite[start:]] if scale is not None else np.zeros(0)
    return bool(len(tail) > 1 and tail[-1] < tail[0] and (np.diff(tail) <= 0).all())


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


def _unlogged(run: MetricHistory) -> HiddenNan | None:
    """A gradient norm that is not finite up to the end, in a log that holds no loss at all."""
    grad = run.grad_norm
    if run.loss is not None or grad is None:
        return None
    rows = np.flatnonzero(grad.logged)
    for first, stop in stretches(~np.isfinite(grad.values[rows])):
        if stop == len(rows) and stop - first >= _MIN_MISSING:
            row = int(rows[first])
            return HiddenNan(
                row,
                True,
                f"no row carries a loss, and grad_norm is {grad.values[row]} from step"
                f" {run.step[row]} on",
            )
    return None


_CHECKS: tuple[Callable[[MetricHistory], HiddenNan | None], ...] = (
    _filtered, _lost, _missing, _unlogged, counted, skipped,
)  # fmt: skip


def _first_size(before: NDArray[np.float64]) -> float:
    return abs(float(before[0])) if len(before) else 0.0


def _repeats(before: NDArray[np.float64]) -> bool:
    """Whether the loss used to repeat itself anyway (printed coarsely, or constant)."""
    return len(before) > 1 and float((np.diff(before) == 0).mean()) > _HARDLY_EVER
