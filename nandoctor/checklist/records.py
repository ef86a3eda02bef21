"""Was enough written down: metrics, checkpoints, the batch; nothing of the settings."""

from __future__ import annotations

import numpy as np

from nandoctor.checklist.verdict import Check, Verdict
from nandoctor.evidence import Evidence


def logs_metric(name: str) -> Check:
    """Return the check that a metric is logged."""

    def check(evidence: Evidence) -> Verdict:
        history = evidence.history
        if history is None:
            return None, "no log"
        column = history.columns.get(name)
        return column is not None, f"{name} " + ("is logged" if column else "is not logged")

    return check


def logs_often(evidence: Evidence) -> Verdict:
    """A row at least every 10 steps."""
    history = evidence.history
    if history is None or len(history) < 2:
        return None, "no log"
    interval = float(np.median(np.diff(history.step)))
    return interval <= 10, f"one row every {interval:g} steps"


def has_complete_checkpoint(evidence: Evidence) -> Verdict:
    """The crash checkpoint lacks nothing that a resume needs."""
    if evidence.crash is None:
        return None, "no checkpoint"
    missing = evidence.crash.missing
    return not missing, f"missing: {', '.join(missing)}" if missing else "nothing is missing"


def stops_at_nan(evidence: Evidence) -> Verdict:
    """The run does not go on for long after the first non-finite loss."""
    history = evidence.history
    if history is None or history.loss is None:
        return None, "no log"
    bad = np.flatnonzero(history.loss.nonfinite)
    if not len(bad):
        return None, "the loss never turned non-finite"
    after = len(history) - 1 - int(bad[0])
    return after <= 10, f"{after} rows were logged after the first non-finite loss"


def saved_batch(evidence: Evidence) -> Verdict:
    """The batch of the crash step is on disk."""
    if evidence.replay is None:
        return None, "no replay was made"
    made_up = evidence.replay.is_batch_synthetic
    return not made_up, "the batch was made up" if made_up else "the batch was replayed"


def reproduces(evidence: Evidence) -> Verdict:
    """The replay fails as the run did."""
    if evidence.replay is None:
        return None, "no replay was made"
    again = evidence.replay.is_reproduced
    return again, "the replayed step is non-finite" if again else "the replayed step is finite"


def has_last_good(evidence: Evidence) -> Verdict:
    """A whole, finite checkpoint from before the crash exists."""
    good = evidence.last_good
    if evidence.crash is None:
        return None, "no checkpoint"
    if good is None:
        return False, "no checkpoint from before the crash"
    finite = all(t.is_finite for t in good.tensors) and not good.damage
    return finite, f"{good.path} (step {good.training.step})"
