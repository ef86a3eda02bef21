"""Was enough written down: metrics, checkpoints, the batch; nothing of the settings."""

from __future__ import annotations

import math

import numpy as np

from nandoctor.checklist.course import CRASHED
from nandoctor.checklist.verdict import Check, Verdict
from nandoctor.evidence import Evidence


def logs_metric(name: str) -> Check:
    """Return the check that a metric is logged."""

    def check(evidence: Evidence) -> Verdict:
        history = evidence.history
        if history is None:
            return None, "no log"
        column = history.columns.get(name)
        is_logged = column is not None and bool(column.logged.any())
        return is_logged, f"{name} is {'' if is_logged else 'not '}logged"

    return check


def logs_often(evidence: Evidence) -> Verdict:
    """A row at least every 10 steps."""
    history = evidence.history
    if history is None or len(history) < 2:
        return None, "no log"
    if history.is_step_index:
        return None, "the log prints no step"
    gaps = np.diff(history.step)
    interval = float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 0.0
    return interval <= 10, f"one row every {interval:g} steps"


def has_complete_checkpoint(evidence: Evidence) -> Verdict:
    """The crash checkpoint lacks nothing that a resume needs."""
    if evidence.crash is None:
        return None, "no checkpoint"
    if evidence.crash.damage:
        return False, f"damaged: {evidence.crash.damage[0].reason}"
    missing = evidence.crash.missing
    return not missing, f"missing: {', '.join(missing)}" if missing else "nothing is missing"


def stops_at_nan(evidence: Evidence) -> Verdict:
    """The run does not go on for long after the first non-finite loss."""
    history = evidence.history
    if history is None or history.loss is None:
        return None, "no log"
    pattern = evidence.pattern
    if pattern is not None and pattern.hidden_nan_step is not None:
        return False, f"the log hides a NaN from step {pattern.hidden_nan_step} on"
    bad, finite = (np.flatnonzero(mask) for mask in (history.loss.nonfinite, history.loss.finite))
    if not len(bad):
        return None, "the loss never turned non-finite"
    last = int(finite[-1]) if len(finite) else -1
    if last > int(bad[-1]):
        return None, "the loss turned finite again"
    after = len(history) - 2 - last
    return after <= 10, f"{after} rows were logged after the first non-finite loss"


def saved_batch(evidence: Evidence) -> Verdict:
    """The batch of the crash step is at hand."""
    if evidence.replay is None:
        return None, "no replay was made"
    made_up = evidence.replay.is_batch_synthetic
    return not made_up, "the batch was made up" if made_up else "the batch was replayed"


def reproduces(evidence: Evidence) -> Verdict:
    """The replay gives what the run recorded; a finite step of a finite record is no crash."""
    replay = evidence.replay
    if replay is None or replay.is_batch_synthetic:
        return None, "no replay of the recorded batch was made"
    if replay.phase is not None:
        return True, "the replayed step is non-finite"
    recorded = replay.recorded_loss
    if recorded is None or replay.loss is None:
        return None, "the replayed step is finite; no loss was recorded for it"
    fact = f"recorded loss {recorded:.6g}, replayed {replay.loss:.6g}"
    if not math.isfinite(recorded):
        return False, fact
    return (True if math.isclose(recorded, replay.loss, rel_tol=0.01) else None), fact


def has_last_good(evidence: Evidence) -> Verdict:
    """A whole checkpoint with finite weights and moments exists from before the crash."""
    good, crash = evidence.last_good, evidence.crash
    if crash is None:
        return None, "no checkpoint"
    if good is None:
        died = evidence.pattern is not None and evidence.pattern.outcome in CRASHED
        if died or not all(t.is_finite for t in crash.tensors if t.role != "buffer"):
            return False, "no checkpoint from before the crash"
        return None, "no crash to go back from"
    finite = all(t.is_finite for t in good.tensors if t.role != "buffer") and not good.damage
    return finite, f"{good.path} (step {good.training.step})"
