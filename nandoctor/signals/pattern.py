"""The explosion pattern of a log, each run in it on its own; drawing and causes live elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nandoctor.evidence import LogEvent, MetricHistory, Outcome, Pattern
from nandoctor.signals.course import course_of

_BADNESS: dict[Outcome, int] = {
    "healthy": 0, "recovered": 1, "ongoing": 2, "diverged": 3, "inf": 4, "nan": 5,
}  # fmt: skip


def classify_history(history: MetricHistory, *, events: Sequence[LogEvent] = ()) -> Pattern:
    """Return the pattern of a log; with several runs in it the worst leads."""
    segments = tuple(_classify(run) for run in history.segments())
    if not segments:
        return Pattern("healthy", "healthy")
    worst = max(segments, key=lambda pattern: _BADNESS[pattern.outcome])
    return replace(worst, segments=segments if len(segments) > 1 else ())


def _classify(run: MetricHistory) -> Pattern:
    column = run.loss
    if column is None or not column.logged.any():
        return Pattern("healthy", "healthy")
    loss, steps = column.values[column.logged], run.step[column.logged]
    course = course_of(loss)
    bad = np.flatnonzero(~np.isfinite(loss))
    if course.outcome == "healthy":
        return Pattern("healthy", "healthy", None, None, 0.9)
    return Pattern(
        course.shape.pattern if course.shape else "spike",
        course.outcome,
        int(steps[course.onset]) if course.onset is not None else None,
        int(steps[bad[0]]) if len(bad) else None,
        0.9,
    )
