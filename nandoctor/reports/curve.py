"""Which curve of a report is drawn, on which scale and with which marks; draws nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import MetricHistory, Pattern
from nandoctor.findings import Report

LOG_RATIO = 20.0
"""Largest / smallest value from which a positive curve is drawn on a log scale."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric over the steps of one run segment, ready to draw.

    Args:
        step: float64[n], in file order.
        value: float64[n]; NaN where not finite.
        bad_step: Steps at which the metric is NaN or ±Inf.
        onset: First step outside the healthy band for good; None where there is none, or where
            the metric was not finite before.
    """

    name: str
    step: NDArray[np.float64]
    value: NDArray[np.float64]
    bad_step: NDArray[np.float64]
    onset: float | None = None
    watch: tuple[float, ...] = ()
    alarm: tuple[float, ...] = ()
    segment: str = ""

    @property
    def is_log(self) -> bool:
        """Whether it is drawn on a log scale."""
        finite = self.value[np.isfinite(self.value)]
        low = finite.min(initial=math.inf)
        return bool(low > 0 and finite.max(initial=0.0) > LOG_RATIO * low)

    def thinned(self, limit: int) -> Curve:
        """Return at most about ``limit`` points; the extremes of every stretch are kept."""
        if len(self.step) <= limit:
            return self
        edges = np.linspace(0, len(self.step), max(limit // 2, 1) + 1).astype(np.int64)[:-1]
        low = np.minimum.reduceat(np.where(np.isnan(self.value), np.inf, self.value), edges)
        high = np.maximum.reduceat(np.where(np.isnan(self.value), -np.inf, self.value), edges)
        value = np.stack([low, high], axis=1).ravel()
        value[~np.isfinite(value)] = np.nan
        bad = np.unique(np.searchsorted(self.step[edges], self.bad_step, side="right") - 1)
        bad_step = self.bad_step if len(self.bad_step) < limit else self.step[edges][bad]
        return replace(self, step=np.repeat(self.step[edges], 2), value=value, bad_step=bad_step)

    def scaled(self) -> NDArray[np.float64]:
        """Return the values on the scale of the drawing."""
        return np.log10(self.value) if self.is_log else self.value

    def unscaled(self, height: float) -> float:
        """Return the value that stands at a height of the drawing."""
        return float(10.0**height) if self.is_log else height


def leading_history(report: Report) -> MetricHistory | None:
    """Return the history that the report's pattern is about: the longest with a loss."""
    logged = [log.history for log in report.logs if log.history.loss is not None]
    if logged:
        return max(logged, key=len)
    stored = [c.training.history for c in report.checkpoints if c.training.history is not None]
    return next((history for history in stored if history.loss is not None), None)


def curve(report: Report, metric: str = "loss") -> Curve | None:
    """Return one metric of the leading history, None where fewer than two points are logged."""
    history = leading_history(report)
    if history is None:
        return None
    history, segment = _leading_segment(history, report.pattern)
    column = history.columns.get(metric)
    if column is None or int(column.logged.sum()) < 2 or not column.finite.any():
        return None
    step = history.step.astype(np.float64)
    is_restarted = bool((np.diff(step) < 0).any())
    x = np.arange(len(step), dtype=np.float64) if is_restarted else step
    value = np.where(column.finite, column.values, np.nan)
    marks = _marks(report) if not is_restarted else ((), (), None)
    bad_step = x[column.nonfinite]
    onset = marks[2] if marks[2] is None or marks[2] <= bad_step.min(initial=math.inf) else None
    return Curve(
        name=metric, step=x[column.logged], value=value[column.logged],
        bad_step=bad_step, watch=marks[0], alarm=marks[1], onset=onset,
        segment=segment,
    )  # fmt: skip


def _marks(report: Report) -> tuple[tuple[float, ...], tuple[float, ...], float | None]:
    onset = report.pattern.onset_step if report.pattern else None
    if report.forecast is None:
        return (), (), onset
    return report.forecast.watch, report.forecast.alarm, onset


def _leading_segment(history: MetricHistory, pattern: Pattern | None) -> tuple[MetricHistory, str]:
    """Return the segment that the pattern leads with, and which of how many it is."""
    parts = list(history.segments())
    if pattern is None or len(parts) < 2 or len(pattern.segments) != len(parts):
        return history, ""
    key = (pattern.pattern, pattern.outcome, pattern.onset_step, pattern.first_nonfinite_step)
    for index, own in enumerate(pattern.segments):
        if (own.pattern, own.outcome, own.onset_step, own.first_nonfinite_step) == key:
            return parts[index], f"{index + 1}/{len(parts)}"
    return history, ""
