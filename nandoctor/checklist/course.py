"""How the run went on: restarts and early signs; nothing of its settings."""

from __future__ import annotations

import itertools

import numpy as np

from nandoctor.checklist.verdict import Verdict
from nandoctor.evidence import Evidence, MetricHistory


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
    segments = [s for s in history.segments() if s.loss is not None and s.loss.finite.any()]
    jumps = []
    for before, after in itertools.pairwise(segments):
        first = int(after.step[0])
        if first <= int(before.step[0]) or before.loss is None or after.loss is None:
            continue  # a new run, not a restart of this one
        old = before.loss.values[before.loss.finite & (before.step <= first)]
        new = after.loss.values[after.loss.finite]
        if len(old) and float(np.median(old[-5:])) > 0:
            jumps.append((float(np.median(new[:5]) / np.median(old[-5:])), first))
    return max(jumps, default=None)


def ignored_signs(evidence: Evidence) -> Verdict:
    """An alarm stood in the log well before the crash."""
    forecasts = [log.forecast for log in evidence.logs if log.forecast]
    if not forecasts:
        return None, "no log"
    lead = next((f.lead for f in forecasts if f.alarm and f.lead), None)
    if lead is None:
        return False, "no alarm stood in the log before the crash"
    return lead >= 10, f"the first alarm stood {lead} steps before the crash"
