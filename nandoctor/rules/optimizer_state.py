"""Rule: an optimizer whose stored moments, or whose epsilon, make the update itself bad."""

from collections.abc import Iterator
from dataclasses import replace

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import curve_of
from nandoctor.rules.leap import leap_of_adaptive
from nandoctor.rules.lost_eps import lost_eps
from nandoctor.rules.moment_faults import moment_faults
from nandoctor.rules.moments import moved_too_far
from nandoctor.rules.optimizer import broken_settings, is_adaptive
from nandoctor.rules.probing import is_data_cleared
from nandoctor.rules.site import replayed
from nandoctor.rules.unread import as_note

CODE, CAUSE = "ND403", "optimizer_state"
SQUARE_LIMIT = 1.8e19
ADVICE = (
    Prescription(
        "Load the optimizer state of the last good checkpoint", "else reset it and warm up again",
        why="moments that are wrong once stay wrong for 1 / (1 - beta2) steps",
    ),
)  # fmt: skip

DOC = """
## What it does
Reports moments that are negative, non-finite or impossible, a learning rate or other setting that
is NaN or infinite, an epsilon that is 0 (also: in the parameters' dtype), and weights that moved
further than any sound state could move them.

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
    found = [*_phase(evidence), *_stored(evidence), *_epsilon(evidence), *_moved(evidence)]
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
    broken = broken_settings(evidence)
    if broken:
        found = _finding(f"{broken[0]}: {message}", where, 0.97, lines, Grade.reproduced)
        why = "a schedule that divides by no steps, or a value read wrongly from a file"
        advice = (Prescription(f"Find what computes this: {broken[0]}", why=why),)
        yield replace(found, prescriptions=advice, confirmed_by=("lower_lr",))
        return
    yield _finding(message, where, 0.4 if overflows else 0.95, lines, Grade.reproduced)


def _stored(evidence: Evidence) -> Iterator[Finding]:
    for fault in moment_faults(evidence):
        found = _finding(fault.message, fault.where, fault.score)
        yield as_note(found, ", and the step does not read them") if fault.is_unread else found


def _epsilon(evidence: Evidence) -> Iterator[Finding]:
    """An epsilon that is 0, where the weights are already non-finite."""
    for message in lost_eps(evidence):
        advice = Prescription("Raise the optimizer's eps", "1e-8 in fp32, 1e-4 in fp16",
                              why="nothing else keeps the denominator from 0")  # fmt: skip
        yield replace(_finding(message, "eps", 0.96), prescriptions=(advice, *ADVICE))


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
    curve = leap_of_adaptive(evidence)
    if curve is None:
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
