"""The answers to the tree's questions, each computed from evidence and never asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nandoctor.evidence import CheckpointFacts, Evidence, TensorStats
from nandoctor.findings import Finding
from nandoctor.signals import ClippingAdvice, clipping_advice

FIRST_STEPS = 1000
LARGE = 1000.0
HALF = ("float16", "bfloat16")


@dataclass(frozen=True, slots=True)
class Answer:
    """Yes, no or unknown (None), and what says so."""

    value: bool | None
    evidence: str


def crash_step(evidence: Evidence) -> int | None:
    """Return the step of the crash: first non-finite loss, else onset, else the checkpoint's."""
    pattern = evidence.pattern
    if pattern is not None:
        for step in (pattern.first_nonfinite_step, pattern.onset_step):
            if step is not None:
                return step
    return evidence.crash.training.step if evidence.crash else None


def is_early(evidence: Evidence, findings: Sequence[Finding]) -> Answer:
    """Whether the run left its healthy band within the first 1000 steps."""
    pattern = evidence.pattern
    onset = pattern.onset_step if pattern else None
    step = onset if onset is not None else crash_step(evidence)
    if step is None:
        return Answer(None, "no log and no step in the checkpoint")
    word = "leaves its healthy band" if onset is not None else "crashes"
    return Answer(step < FIRST_STEPS, f"the run {word} at step {step}")


def is_mixed_precision(evidence: Evidence, findings: Sequence[Finding]) -> Answer:
    """Whether the run computes in half precision or scales its loss."""
    training = evidence.crash.training if evidence.crash else None
    precision = training.precision if training else None
    if evidence.replay is not None and evidence.replay.precision != "fp32":
        precision = evidence.replay.precision
    history = evidence.history
    scales = history.loss_scale if history is not None else None
    if scales is not None and scales.logged.any():
        last = float(scales.values[scales.logged][-1])
        return Answer(True, f"a loss scale is logged, {last:g} at the end")
    if training is not None and training.loss_scale is not None:
        return Answer(True, f"the checkpoint has a loss scale of {training.loss_scale:g}")
    half = [m.dtype for m in evidence.replay.headroom if m.dtype in HALF] if evidence.replay else []
    if half:
        return Answer(True, f"modules of the replayed step compute in {half[0]}")
    if precision is None:
        return Answer(None, "no checkpoint that tells the precision")
    return Answer(precision not in ("fp32", "fp64"), f"precision {precision}")


def has_large_gradients(evidence: Evidence, findings: Sequence[Finding]) -> Answer:
    """Whether the gradient norm before the crash was far above the run's own healthy range."""
    advice = clipping(evidence)
    peak = last_norms(evidence)
    if peak is not None and advice is not None:
        large = not math.isfinite(peak) or peak > advice.threshold
        text = f"gradient norm up to {peak:.4g} before the crash"
        return Answer(large, f"{text}, healthy maximum {advice.healthy[2]:.4g}")
    norm = evidence.replay.grad_norm if evidence.replay else None
    norm = norm if norm is not None else peak
    if norm is None:
        return Answer(None, "no gradient norm was logged or replayed")
    limit = evidence.thresholds.get("grad_norm", LARGE)
    return Answer(not norm <= limit, f"gradient norm {norm:.4g}, limit {limit:g}")


def is_recoverable(evidence: Evidence, findings: Sequence[Finding]) -> Answer:
    """Whether a checkpoint from before the crash is finite throughout."""
    sound = sound_checkpoint(evidence)
    if sound is not None:
        passed = sound is evidence.last_good and evidence.is_fixed_by("old_weights")
        text = f"{_named(sound)} is finite"
        return Answer(True, text + (" and passes the crash batch" if passed else ""))
    good = evidence.last_good
    if good is None:
        was_sought = evidence.command == "diagnose"  # else no run directory was looked into
        return Answer(False if was_sought else None, "no checkpoint from before the crash")
    bad = len(_nonfinite(good))
    text = f"{_named(good)} holds {bad} non-finite tensors, {len(good.damage)} damaged parts"
    return Answer(False, text)


def sound_checkpoint(evidence: Evidence) -> CheckpointFacts | None:
    """Return the last good checkpoint, else the newest other one before the onset, if finite."""
    pattern = evidence.pattern
    onset = pattern.onset_step if pattern and pattern.outcome != "recovered" else None
    step = onset if onset is not None else crash_step(evidence)
    earlier = [
        facts for facts in evidence.checkpoints[1:]
        if step is not None and facts.training.step is not None and facts.training.step < step
    ]  # fmt: skip
    known = [facts for facts in (evidence.last_good, *earlier) if facts and facts.tensors]
    return next((f for f in known if not f.damage and not _nonfinite(f)), None)


def _nonfinite(facts: CheckpointFacts) -> list[TensorStats]:
    return [t for t in facts.tensors if t.role != "buffer" and not t.is_finite]


def _named(facts: CheckpointFacts) -> str:
    step = facts.training.step
    return f"{Path(facts.path).name}{'' if step is None else f' (step {step})'}"


def clipping(evidence: Evidence) -> ClippingAdvice | None:
    """Return the clipping numbers of the run's own history."""
    if evidence.history is None:
        return None
    onset = evidence.pattern.onset_step if evidence.pattern else None
    return clipping_advice(evidence.history, onset_step=onset)


def last_norms(evidence: Evidence) -> float | None:
    """Return the largest gradient norm in the rows from just before the onset to the crash."""
    history, step = evidence.history, crash_step(evidence)
    if history is None or history.grad_norm is None or step is None:
        return None
    onset = evidence.pattern.onset_step if evidence.pattern else None
    first = min(step, onset if onset is not None else step)
    rows = (history.step >= first - 5) & (history.step <= step) & history.grad_norm.logged
    norms = history.grad_norm.values[rows]
    if not norms.size:
        return None
    finite = norms[np.isfinite(norms)]
    return float(finite.max()) if finite.size else math.inf
