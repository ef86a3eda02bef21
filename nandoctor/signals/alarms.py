"""The forecast of a whole log: when each level was entered and how long before the crash."""

from __future__ import annotations

from itertools import repeat

from nandoctor.evidence import Forecast, MetricHistory
from nandoctor.signals.course import final_failure
from nandoctor.signals.forecaster import Forecaster
from nandoctor.signals.risk import Level

_METRICS = ("loss", "grad_norm", "lr", "loss_scale", "update_norm")


def forecast(history: MetricHistory, *, crash_step: int | None = None) -> Forecast:
    """Return the steps at which each level was entered; each is known from the rows up to it.

    Args:
        history: The log; each run in it is forecast on its own.
        crash_step: Where it crashed; by default the first loss of a final NaN or Inf.
    """
    watch: list[int] = []
    alarm: list[int] = []
    lead = None
    for run in history.segments():
        watched, alarmed = _entered(run)
        watch += watched
        alarm += alarmed
        crash = _crash_step(run) if crash_step is None else crash_step
        if crash is not None and run.step.min() <= crash <= run.step.max():
            lead = _lead(alarmed or watched, crash)
    return Forecast(tuple(watch), tuple(alarm), lead)


def _entered(run: MetricHistory) -> tuple[list[int], list[int]]:
    """Return the steps at which watch and alarm were entered from below."""
    watch: list[int] = []
    alarm: list[int] = []
    forecaster = Forecaster()
    before: Level = "calm"
    metrics = [_cells(run, name) for name in _METRICS]
    for step, *row in zip(run.step.tolist(), *metrics, strict=False):
        level, _ = forecaster.advance(*row)
        if level != before:
            if before == "calm":
                watch.append(step)
            if level == "alarm":
                alarm.append(step)
            before = level
    return watch, alarm


def _cells(run: MetricHistory, name: str) -> list[float | None] | repeat[None]:
    """Return a metric row by row, None where it is not logged."""
    column = run.columns.get(name)
    if column is None or not column.logged.any():
        return repeat(None)
    cells: list[float | None] = column.values.tolist()
    for row in (~column.logged).nonzero()[0].tolist():
        cells[row] = None
    return cells


def _crash_step(run: MetricHistory) -> int | None:
    column = run.loss
    if column is None or not column.logged.any():
        return None
    crash = final_failure(column.values[column.logged])
    return None if crash is None else int(run.step[column.logged][crash])


def _lead(entered: list[int], crash: int) -> int | None:
    if not entered or entered[0] > crash:
        return None
    return crash - entered[0]
