"""How the run went on: restarts and early signs; nothing of its settings."""

from __future__ import annotations

import itertools
import math

import numpy as np

from nandoctor.checklist.verdict import Verdict
from nandoctor.evidence import Evidence, MetricHistory

CRASHED = ("nan", "inf", "diverged")
LEAD = 10
"""Logged steps before the crash from which a sign could have been acted on."""
WINDOW = 100
"""Logged steps before the crash; an alarm from long before it belongs to something else."""


def resumes_smoothly(evidence: Evidence) -> Verdict:
    """After each restart the loss goes on where it stood."""
    jump = worst_resume_jump(evidence.history)
    if jump is None:
        return None, "the log shows no restart"
    ratio, step = jump
    return ratio < 1.5, f"loss ×{ratio:.3g} at the restart at step {step}"


def worst_resume_jump(history: MetricHistory | None) -> tuple[float, int] | None:
    """The largest ratio of the loss after a restart to the loss before it, and its step."""
    if history is None or history.loss is None:
        return None
    segments = [s for s in history.segments() if s.loss is not None and s.loss.logged.any()]
    jumps = []
    for before, after in itertools.pairwise(segments):
        first = int(after.step[0])
        if first <= int(before.step[0]) or before.loss is None or after.loss is None:
            continue  # a new run, not a restart of this one
        old = before.loss.values[before.loss.finite & (before.step <= first)]
        new = after.loss.values[after.loss.logged][:5]
        if len(old) < 5 or not float(np.median(old[-5:])) > 0:
            continue
        ratio = float(np.median(new) / np.median(old[-5:]))
        jumps.append((math.inf if math.isnan(ratio) else ratio, first))
    return max(jumps, default=None)


def ignored_signs(evidence: Evidence) -> Verdict:
    """An alarm stood in the log at least ten logged steps before the crash."""
    history, pattern = evidence.history, evidence.pattern
    logs = [log for log in evidence.logs if log.forecast and log.history is history]
    if history is None or pattern is None or not logs:
        return None, "no log"
    if pattern.outcome not in CRASHED:
        return False, "the run did not crash"
    nonfinite = pattern.first_nonfinite_step
    end = int(
        np.searchsorted(history.step, nonfinite if nonfinite is not None else history.step[-1])
    )
    forecast = logs[0].forecast
    rows = (
        [end - int(np.searchsorted(history.step, step)) for step in forecast.alarm]
        if forecast
        else []
    )
    leads = [row for row in rows if 0 < row <= WINDOW]
    if not leads:
        return False, "no alarm stood in the log before the crash"
    return max(leads) >= LEAD, f"the first alarm stood {max(leads)} logged steps before the crash"
