"""Rule: an optimizer whose stored moments, or whose epsilon, make the update itself bad."""

import math
from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import curve_of
from nandoctor.rules.moments import impossible_moments, is_spoilt, moved_too_far, parameter_of
from nandoctor.rules.optimizer import is_adaptive, param_group
from nandoctor.rules.probing import hard_batch, is_data_cleared
from nandoctor.rules.site import replayed, short
from nandoctor.rules.weights import moments_went_first

CODE, CAUSE = "ND403", "optimizer_state"
FP16_ZERO = 2.0**-25
SQUARE_LIMIT = 1.8e19
SETTINGS = ("lr", "weight_decay", "momentum", "eps")
ADVICE = (
    Prescription(
        "Load the optimizer state of the last good checkpoint", "else reset it and warm up again",
        why="moments that are wrong once stay wrong for 1 / (1 - beta2) steps",
    ),
)  # fmt: skip

DOC = """
## What it does
Reports moments that are negative, non-finite or impossible, a learning rate or other setting that
is NaN or infinite, an epsilon that is zero in the parameters' dtype, and weights that moved further
than any sound state could move them.

## Why it matters
Adam divides by sqrt(exp_avg_sq) + eps. A negative second moment gives NaN; one that is far too
small for the first moment makes a step of a thousand learning rates. Loss and gradients of the step
are perfectly fine, which is why everyone looks elsewhere.

## Example
```
|exp_avg| <= 7.3 sqrt(exp_avg_sq) holds for every series of gradients (betas 0.9, 0.999)
```

## Use instead
Load the optimizer state of an intact checkpoint; else reset it and warm up again. Keep moments and
master weights in fp32, or raise eps to 1e-4 for fp16.

## Look-alikes
Moments that are NaN together with most weights are what a NaN gradient leaves. A reset step counter
with healthy moments is `resume_mismatch`; a momentum above 1 is `optimizer_instability`.

## References
Kingma and Ba 2015, "Adam"; afiaka87/glide-finetune#5; Molybog et al. 2023 on Adam instability.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire in phase optimizer, on corrupt moments and on impossible updates."""
    found = [*_phase(evidence), *_stored(evidence), *_half(evidence), *_moved(evidence)]
    return tuple(found[:6]) if any(f.score > 0.5 for f in found) else (*_left(evidence), *found[:6])


def _phase(evidence: Evidence) -> Iterator[Finding]:
    replay = replayed(evidence)
    if replay is None or replay.phase != "optimizer":
        return
    origin = replay.origin
    where = (origin.tensor or origin.module or origin.op) if origin else ""
    message = "loss and gradients are finite, the optimizer step makes the weights non-finite"
    lines = (f"op {origin.op} in {origin.source.function}",) if origin and origin.source else ()
    # Gradients whose squares leave float32's range spoil any second moment, however sound it was.
    overflows = replay.grad_norm is not None and not replay.grad_norm < SQUARE_LIMIT
    broken = [
        f"{key} is {value}" for key in SETTINGS for value in param_group(evidence, key)
        if not math.isfinite(value)
    ]  # fmt: skip
    if broken:
        found = _finding(f"{broken[0]}: {message}", where, 0.97, lines, Grade.reproduced)
        why = "a schedule that divides by no steps, or a value read wrongly from a file"
        advice = (Prescription(f"Find what computes this: {broken[0]}", why=why),)
        yield replace(found, prescriptions=advice, confirmed_by=("lower_lr",))
        return
    yield _finding(message, where, 0.4 if overflows else 0.95, lines, Grade.reproduced)


def _stored(evidence: Evidence) -> Iterator[Finding]:
    crash = evidence.crash
    if crash is None:
        return
    has_bad = any(t.role == "parameter" and not t.is_finite for t in crash.tensors)
    for tensor in crash.tensors:
        if tensor.role == "exp_avg_sq" and tensor.min is not None and tensor.min < 0:
            message = f"{tensor.name}: a second moment of {tensor.min:.4g} is negative"
            yield _finding(message, tensor.name, 0.95)
        elif is_spoilt(tensor):
            message = f"{tensor.name}: {tensor.num_nonfinite} values are non-finite"
            came_first = not has_bad or moments_went_first(evidence, parameter_of(tensor.name))
            came_first = came_first and not _are_overflown_squares(evidence, tensor)
            found = _finding(message, tensor.name, 0.85 if came_first else 0.25)
            yield _unread(found) if _is_unread(evidence, tensor.name) else found
    for tensor, ratio in impossible_moments(crash):
        message = f"{tensor.name} is {ratio:.3g} times what any gradients could have made"
        yield _finding(message, tensor.name, 0.96)


def _are_overflown_squares(evidence: Evidence, tensor: TensorStats) -> bool:
    """Whether a second moment is infinite, not NaN, after the gradients of a divergence."""
    curve = curve_of(evidence)
    is_infinite = tensor.role == "exp_avg_sq" and not tensor.num_nan
    return is_infinite and curve is not None and curve.num_rising >= 2


def _is_unread(evidence: Evidence, name: str) -> bool:
    """Whether the step was run with this state and came out finite: its parameter has no part."""
    replay = evidence.replay
    if replay is None or replay.phase is not None or replay.is_batch_synthetic:
        return False
    return any(text.startswith(f"state {name}:") for text in replay.harmless)


def _unread(finding: Finding) -> Finding:
    message = f"{finding.message}, and the step does not read them"
    return replace(finding, severity="note", message=message, is_cause=False, prescriptions=())


def _half(evidence: Evidence) -> Iterator[Finding]:
    """An epsilon that rounds to zero, where the weights are already non-finite."""
    crash = evidence.crash
    eps = min(param_group(evidence, "eps"), default=1.0)
    if crash is None or not is_adaptive(evidence) or eps >= FP16_ZERO:
        return
    half = [t for t in crash.tensors if t.role == "parameter" and short(t.dtype) == "float16"]
    if half and any(not t.is_finite for t in half):
        message = f"eps {eps:g} is 0 in float16, so zero gradients divide 0 by 0"
        yield _finding(message, "eps", 0.9)


def _moved(evidence: Evidence) -> Iterator[Finding]:
    """Weights, not one but many, that no sound state can have moved so far."""
    curve = curve_of(evidence)
    if curve is None or not is_adaptive(evidence):
        return
    moved = [(now, old, bound) for now, old, bound in moved_too_far(evidence)
             if (now.rms_rest or 0.0) > 2 * (old.rms_rest or 0.0)]  # fmt: skip
    if moved:
        now, old, bound = max(moved, key=lambda item: item[0].absmax or 0.0)
        moved_by = f"{now.name} moved from {old.absmax:.3g} to {now.absmax:.3g}"
        message = f"{moved_by}; a sound Adam state allows {bound:.3g}"
        yield _finding(message, now.name, 0.85)


def _left(evidence: Evidence) -> Iterator[Finding]:
    """What is left where data, rate and weights are cleared: the update itself."""
    curve = curve_of(evidence)
    if curve is None or not is_adaptive(evidence) or not curve.is_past_peak or not curve.num_rising:
        return
    jump = curve.lr_jump()
    at_once = abs(curve.loss[curve.onset]) > 2 * curve.level
    if not at_once or curve.is_announced or (jump and jump[0] > 1.5):
        return
    if hard_batch(evidence, curve) is not None:
        return
    cleared = is_data_cleared(evidence, curve)
    rate = curve.lr_at(curve.onset)
    message = f"the loss leaves its level at step {curve.step} at once, at an ordinary rate"
    lines = [f"higher rates than {rate:.3g} trained soundly before"]
    if cleared:
        lines.append("the batch of that step is as any other on the last good weights")
    yield _finding(message, f"step {curve.step}", 0.62 if cleared else 0.42, tuple(lines))


def _finding(
    message: str, where: str, score: float, lines: tuple[str, ...] = (),
    grade: Grade = Grade.observed,
) -> Finding:  # fmt: skip
    return Finding(
        CODE, CAUSE, "error", grade, message, where, evidence=lines, score=score,
        component="optimizer", prescriptions=ADVICE,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("reset_optimizer", "opt_eps"))
