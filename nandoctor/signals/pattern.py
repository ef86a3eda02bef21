"""The explosion pattern of a log, each run in it on its own; drawing and causes live elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import LogEvent, MetricHistory, Outcome, Pattern
from nandoctor.signals.account import account_of, interval_of
from nandoctor.signals.confidence import confidence_of
from nandoctor.signals.counters import HiddenNan
from nandoctor.signals.course import course_of
from nandoctor.signals.ending import nonfinite_ending
from nandoctor.signals.hidden import find_hidden
from nandoctor.signals.noise import Floats

_BADNESS: dict[Outcome, int] = {
    "healthy": 0, "recovered": 1, "ongoing": 2, "diverged": 3, "inf": 4, "nan": 5,
}  # fmt: skip


@np.errstate(over="ignore", invalid="ignore")
def classify_history(history: MetricHistory, *, events: Sequence[LogEvent] = ()) -> Pattern:
    """Return the pattern of a log; with several runs in it the worst leads.

    Args:
        history: The log; an unlogged loss is no fault, a logged NaN or Inf is.
        events: Its lines that say more than numbers; a non-finite abort after the last loss counts.
    """
    runs = list(history.segments())
    if not runs:
        return Pattern("healthy", "healthy", evidence=("the log is empty",))
    next_lines = [int(run.line[0]) for run in runs[1:]]
    segments = tuple(
        _classify(run, nonfinite_ending(run, events, next_line))
        for run, next_line in zip(runs, [*next_lines, None], strict=True)
    )
    worst = max(segments, key=lambda pattern: _BADNESS[pattern.outcome])
    return replace(worst, segments=segments if len(segments) > 1 else ())


def _classify(run: MetricHistory, ending: LogEvent | None) -> Pattern:
    hidden = find_hidden(run)
    rows, loss = _losses(run, hidden, ending)
    course = course_of(loss)
    steps = run.step[rows]
    bad = np.flatnonzero(~np.isfinite(loss))
    evidence = account_of(course, run, rows, loss)
    if hidden is not None:
        evidence = (hidden.evidence, *evidence)
    if ending is not None:
        evidence = (*evidence, f"line {ending.line} says: {ending.text.strip()[:120]}")
        bad = bad[:-1]
    return Pattern(
        pattern=course.pattern,
        outcome=course.outcome,
        onset_step=None if course.onset is None else int(steps[course.onset]),
        first_nonfinite_step=int(steps[bad[0]]) if len(bad) else None,
        confidence=confidence_of(course, interval_of(steps)),
        evidence=evidence,
        hidden_nan_step=None if hidden is None else int(run.step[hidden.row]),
    )


def _losses(
    run: MetricHistory, hidden: HiddenNan | None, ending: LogEvent | None
) -> tuple[NDArray[np.intp], Floats]:
    """Return the rows that carry a loss and the losses, with what was hidden put in as NaN."""
    column = run.loss
    logged = np.zeros(len(run), bool) if column is None else column.logged.copy()
    values = np.full(len(run), np.nan) if column is None else column.values.copy()
    if hidden is not None and hidden.is_final:
        logged[hidden.row] = True
        values[hidden.row :] = np.nan
    rows = np.flatnonzero(logged)
    loss = values[rows]
    if ending is not None:
        rows, loss = np.append(rows, rows[-1]), np.append(loss, np.nan)
    return rows, loss
