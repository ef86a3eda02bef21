"""The forecast of a whole log: when each level was entered and how long before the crash."""

from __future__ import annotations

from collections.abc import Iterator

from nandoctor.evidence import Forecast, MetricHistory
from nandoctor.signals.course import final_failure
from nandoctor.signals.forecaster import Forecaster, Level, Outlook

_METRICS = ("loss", "grad_norm", "lr", "loss_scale", "update_norm")


def forecast(history: MetricHistory, *, crash_step: int | None = None) -> Forecast:
    """Return the steps at which each level was entered; each is known from the rows up to it.

    Args:
        history: The log; each run in it is forecast on its own.
        crash_step: Where the last run crashed; by default its first loss of a final NaN or Inf.
    """
    watch: list[int] = []
    alarm: list[int] = []
    lead = None
    for run in history.segments():
        entered: dict[Level, list[int]] = {"watch": [], "alarm": []}
        before: Level = "calm"
        for step, outlook in outlooks(run):
            if outlook.level != before and outlook.level != "calm":
                if before == "calm":
                    entered["watch"].append(step)
                if outlook.level == "alarm":
                    entered["alarm"].append(step)
            before = outlook.level
        watch += entered["watch"]
        alarm += entered["alarm"]
        crash = crash_step if crash_step is not None else _crash_step(run)
        lead = _lead(entered["alarm"] or entered["watch"], crash)
    return Forecast(tuple(watch), tuple(alarm), lead)


def outlooks(run: MetricHistory) -> Iterator[tuple[int, Outlook]]:
    """Yield the outlook after each row of one run."""
    forecaster = Forecaster()
    columns = {}
    for name in _METRICS:
        column = run.columns.get(name)
        if column is not None and column.logged.any():
            values = column.values.astype(object)
            values[~column.logged] = None
            columns[name] = values.tolist()
    rows = zip(*columns.values(), strict=True) if columns else iter([()] * len(run))
    for step, row in zip(run.step.tolist(), rows, strict=True):
        yield step, forecaster.update(step, **dict(zip(columns, row, strict=True)))


def _crash_step(run: MetricHistory) -> int | None:
    column = run.loss
    if column is None or not column.logged.any():
        return None
    crash = final_failure(column.values[column.logged])
    return None if crash is None else int(run.step[column.logged][crash])


def _lead(entered: list[int], crash: int | None) -> int | None:
    if crash is None or not entered or entered[0] > crash:
        return None
    return crash - entered[0]
