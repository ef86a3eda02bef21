"""The explosion pattern of a log, each run in it on its own; drawing and causes live elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nandoctor.evidence import LogEvent, MetricHistory, Outcome, Pattern
from nandoctor.signals.excursions import Excursion, find_excursions
from nandoctor.signals.scale import scale_of
from nandoctor.signals.shape import shape_of

_WARM_UP = 10
_GREAT = math.log(5.0)
_BADNESS: dict[Outcome, int] = {
    "healthy": 0, "recovered": 1, "ongoing": 2, "diverged": 3, "inf": 4, "nan": 5,
}  # fmt: skip


def classify_history(history: MetricHistory, *, events: Sequence[LogEvent] = ()) -> Pattern:
    segments = tuple(_classify(s) for s in history.segments())
    if not segments:
        return Pattern("healthy", "healthy")
    worst = max(segments, key=lambda s: _BADNESS[s.outcome])
    from dataclasses import replace

    return replace(worst, segments=segments if len(segments) > 1 else ())


def _classify(run: MetricHistory) -> Pattern:
    column = run.loss
    if column is None or not column.logged.any():
        return Pattern("healthy", "healthy")
    rows = np.flatnonzero(column.logged)
    loss = column.values[rows]
    steps = run.step[rows]
    finite = np.isfinite(loss)
    bad = np.flatnonzero(~finite)
    crash = int(bad[0]) if len(bad) and not finite[-1] else None
    if crash is not None:
        # the last block of non-finite losses, unless it is mostly bad from the first on
        if finite[bad[0] :].mean() > 0.5:
            last_ok = np.flatnonzero(finite)
            crash = int(last_ok[-1]) + 1
    keep = np.flatnonzero(finite[:crash])
    first_bad = int(steps[bad[0]]) if len(bad) else None
    if crash is not None:
        outcome: Outcome = "nan" if np.isnan(loss[crash]) else "inf"
    if not len(keep):
        if crash is None:
            return Pattern("healthy", "healthy")
        return Pattern("spike", outcome, int(steps[crash]), first_bad, 0.5)
    values = loss[keep]
    height = scale_of(values).height(values)
    found = find_excursions(height)
    at = steps[keep]
    if crash is not None:
        last = found[-1] if found and found[-1].is_open else None
        if last is None:
            return Pattern("spike", outcome, int(steps[crash]), first_bad, 0.9)
        shape = shape_of(height[last.start : last.stop], last.level)
        return Pattern(shape.pattern, outcome, int(at[last.start]), first_bad, 0.9)
    last = found[-1] if found and found[-1].is_open else None
    if last and len(last) >= 3 and last.height > math.log(2):
        shape = shape_of(height[last.start : last.stop], last.level)
        return Pattern(shape.pattern, "diverged", int(at[last.start]), first_bad, 0.9)
    if last and last.height > _GREAT:
        return Pattern("spike", "ongoing", int(at[last.start]), first_bad, 0.9)
    big = [e for e in found if not e.is_open and e.height > _GREAT and e.start > _WARM_UP]
    if big:
        top = max(big, key=lambda e: e.height)
        return Pattern("spike", "recovered", int(at[top.start]), first_bad, 0.9)
    if len(bad):
        return Pattern("spike", "recovered", first_bad, first_bad, 0.9)
    return Pattern("healthy", "healthy")
