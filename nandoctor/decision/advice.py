"""What the leaves of the tree say in the numbers of this run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nandoctor.decision.answers import clipping, crash_step, sound_checkpoint
from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription
from nandoctor.signals import ClippingAdvice

PARTS = "its share of the threshold, by the replayed gradient, whose norm is a healthy one"
PRECISE = ("fp32_module", "no_autocast", "bf16", "fp32")


def check_initialisation(
    evidence: Evidence, findings: Sequence[Finding]
) -> tuple[Prescription, ...]:
    """Warm-up in numbers where a rule found that it is missing."""
    return _of(findings, "missing_warmup")


def check_loss_scale(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Prescription, ...]:
    """The precision that a trial proved, else the loss scale as it stood."""
    for name in PRECISE:
        trial = evidence.trial(name)
        if trial is not None and trial.outcome == "fixed":
            action = {
                "fp32_module": "Keep the failing module in fp32",
                "no_autocast": "Switch autocast off for the failing part",
                "bf16": "Train in bf16 instead of fp16", "fp32": "Run the failing part in fp32",
            }[name]  # fmt: skip
            where = (
                evidence.replay.origin.module if evidence.replay and evidence.replay.origin else ""
            )
            return (Prescription(action, trial.detail or where, Grade.verified,
                                 f"the trial {name} made the step finite"),)  # fmt: skip
    return _of([f for f in findings if f.severity == "warning"], "precision_range")


def check_overflow(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Prescription, ...]:
    """The op that overflows, bounded where a trial proved that it helps."""
    if not evidence.is_fixed_by("clamp"):
        return ()
    trial = evidence.trial("clamp")
    origin = evidence.replay.origin if evidence.replay else None
    where = f"{origin.module}: {origin.op}" if origin else ""
    detail = trial.detail if trial else ""
    return (Prescription("Bound the argument of the failing op", detail or where, Grade.verified,
                         "the trial clamp made the step finite"),)  # fmt: skip


def lower_rate_or_clip(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Prescription, ...]:
    """The rate of the leading rule, and a clipping threshold from the run's own norms."""
    return (*_of(findings, "learning_rate_too_high"), *clip(evidence))


def clip(evidence: Evidence) -> tuple[Prescription, ...]:
    """A threshold of 2.5 times the healthy maximum, with how often it would have fired."""
    advice = clipping(evidence)
    recorded = evidence.crash.training.max_grad_norm if evidence.crash else None
    if advice is None or (recorded and recorded <= advice.threshold):
        return ()  # too few norms, or the run clips harder than that already
    factor = advice.threshold / max(advice.healthy[2], 1e-30)
    fired = f"{100 * advice.fired_healthy:.2g} % of the healthy steps"
    first = "" if advice.first_fired_step is None else f", first at step {advice.first_fired_step}"
    why = (f"{factor:.2g}x the healthy maximum of {advice.healthy[2]:.3g}; would have clipped "
           f"{fired}{first}")  # fmt: skip
    adaptive = f"the 99.5th percentile, within 1 and 100; would have clipped {_share(advice)}"
    parts = [
        Prescription("Or clip each part at", text, Grade.hypothesis, PARTS)
        for text in (part_thresholds(evidence, advice),)
        if text
    ]
    return (
        Prescription("Clip the gradient norm at", f"{advice.threshold:.3g}", Grade.observed, why),
        Prescription("Or clip tighter, at", f"{advice.adaptive:.3g}", Grade.hypothesis, adaptive),
        *parts,
    )


def _share(advice: ClippingAdvice) -> str:
    return f"{100 * advice.adaptive_fired_healthy:.2g} % of the healthy steps"


def part_thresholds(evidence: Evidence, advice: ClippingAdvice) -> str:
    """Return a threshold for each top-level part, by its share of a healthy gradient's norm.

    Empty where the replayed gradient is not a healthy one: its shares are those of the explosion.
    """
    replay = evidence.replay
    if replay is None or not replay.grad_norm or not replay.grad_norm <= advice.healthy[2]:
        return ""
    squares: dict[str, float] = {}
    for gradient in replay.gradients:
        part = gradient.name.partition(".")[0]
        squares[part] = squares.get(part, 0.0) + (gradient.l2 or 0.0) ** 2
    if len(squares) < 2:
        return ""
    share = {part: math.sqrt(square) / replay.grad_norm for part, square in squares.items()}
    return ", ".join(f"{part} {advice.threshold * share[part]:.3g}" for part in list(share)[:6])


def check_data_and_loss(
    evidence: Evidence, findings: Sequence[Finding]
) -> tuple[Prescription, ...]:
    """The samples that a trial proved guilty, and the op that a trial proved curable."""
    found = []
    origin = evidence.replay.origin if evidence.replay else None
    trial = evidence.trial("drop_samples")
    if origin and origin.samples and trial and trial.outcome == "fixed":
        rows = ", ".join(str(row) for row in origin.samples)
        found.append(Prescription("Look at, or remove, these samples of the batch", rows,
                                  Grade.verified, "without them the step is finite"))  # fmt: skip
    return tuple(found)


def resume(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Prescription, ...]:
    """The file to resume from."""
    good = sound_checkpoint(evidence)
    if good is None:
        return ()
    lost = ""
    step = crash_step(evidence)
    if step is not None and good.training.step is not None:
        lost = f"; steps lost: {max(step - good.training.step, 0)}"
    proved = good is evidence.last_good and evidence.is_fixed_by("old_weights")
    grade = Grade.verified if proved else Grade.observed
    why = "finite, and passes the crash batch" if proved else "every tensor is finite"
    return (Prescription("Resume from", Path(good.path).name, grade, why + lost),)


def start_again(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Prescription, ...]:
    """A conservative configuration in numbers of this run."""
    history = evidence.history
    if history is None or history.lr is None or not history.lr.finite.any():
        return ()
    peak = float(np.max(history.lr.values[history.lr.finite]))
    why = "no sound checkpoint is left; half the peak rate, warmed up"
    return (Prescription("Start again with a learning rate of", f"{peak / 2:.3g}", why=why),)


def _of(findings: Sequence[Finding], cause: str) -> tuple[Prescription, ...]:
    return tuple(item for f in findings if f.cause == cause for item in f.prescriptions)
