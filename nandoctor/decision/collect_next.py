"""The single thing to collect next where the evidence does not decide."""

from __future__ import annotations

from collections.abc import Sequence

from nandoctor.decision.ranking import is_crash
from nandoctor.evidence import Evidence
from nandoctor.findings import Diagnosis, Finding, Grade


def next_evidence(
    evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis | None
) -> str:
    """Return what would decide, empty where the diagnosis stands or nothing crashed."""
    if not is_crash(evidence, findings):
        return ""
    if diagnosis is not None and diagnosis.grade >= Grade.reproduced:
        return ""
    if diagnosis is not None and diagnosis.confidence >= 0.6:
        return ""
    return _missing(evidence)


def _missing(evidence: Evidence) -> str:
    """Name the first thing in the chain that is not there."""
    if evidence.crash is None:
        return _about_log(evidence)
    bad = [t for t in evidence.crash.tensors if t.role == "parameter" and not t.is_finite]
    whole = [t for t in evidence.crash.tensors if t.role == "parameter"]
    if whole and len(bad) > 0.5 * len(whole):
        good = evidence.last_good
        start = f"rerun from {good.path}" if good else "keep a checkpoint from before the crash"
        return f"{start} and save the state and batch of the step before its update"
    if evidence.replay is None:
        reasons = [item for item in evidence.skipped if item.what == "replay"]
        if reasons and "model" in reasons[0].reason:
            return "give the model file (--model FILE.py) so that the step can be replayed"
        return "replay the step: save the model file, batch.pt and the checkpoint of that step"
    if evidence.replay.is_batch_synthetic:
        return "save the batch of the crash step (batch.pt) and run diagnose again"
    if evidence.last_good is None:
        return "keep a checkpoint from before the crash: the same batch on its weights decides"
    return _about_log(evidence)


def _about_log(evidence: Evidence) -> str:
    history = evidence.history
    if history is None:
        return "log the loss and the gradient norm of every step"
    if history.grad_norm is None:
        return "log grad_norm (the global norm before clipping) next to the loss"
    if history.lr is None:
        return "log the learning rate next to the loss"
    if evidence.crash is None:
        return "save a checkpoint, and the batch, of the crash step before its update"
    return "save the checkpoint and the batch of the step at which the loss first jumps"
