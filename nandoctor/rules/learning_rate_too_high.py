"""Rule: steps that are too long: from the start, by growth, or by a jump of the learning rate."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import Curve, curve_of
from nandoctor.rules.optimizer import stored_jump

CODE, CAUSE = "ND601", "learning_rate_too_high"
JUMP = 2.5  # no schedule of a sound run multiplies the rate so in one step
EARLY = 100
LEAST_RISE = 2.0  # times its level: a smaller rise before a NaN is no divergence

DOC = """
## What it does
Reports a loss that diverges over several steps while the learning rate is at its peak, still grows,
or has just jumped.

## Why it matters
Beyond 2/curvature a gradient step overshoots by more than it gains, and the loss grows
exponentially until some exp, square or fp16 value overflows. That op is the mechanism, not the
cause.

## Example
```
step 500: lr 0.0009 -> 0.0566      loss -0.6, 0.4, 1.6, 15, 320, nan
```

## Use instead
Half the learning rate at most, warm up longer, clip at 2-3 times the healthy gradient norm; check
schedule code at restarts (a rate multiplied by the world size twice, a schedule in epochs stepped
per batch).

## Look-alikes
Adam without warm-up in the first steps is `missing_warmup`. A loss that jumps in a single step at
an unchanged rate is a `bad_batch` or damage (`bad_parameter`, `optimizer_state`). A momentum above
1 or a negative weight decay diverges at any rate: `optimizer_instability`.

## References
Cohen et al. 2021, "Gradient descent on neural networks typically occurs at the edge of stability";
Chowdhery et al. 2022, "PaLM", section 5.1.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on a divergence, the more surely the more the learning rate explains it."""
    curve = curve_of(evidence)
    if curve is None:
        return ()
    score, message, lines = _judge(curve)
    stored = stored_jump(evidence, JUMP) if curve.lr is None else None
    if stored is not None:
        score, message, lines = 0.85, stored, ("no learning rate was logged",)
    if not score:
        return ()
    return (
        Finding(
            CODE, CAUSE, "error", Grade.observed, message, f"step {curve.step}",
            evidence=(*lines, *_course(curve)), score=score, component="optimizer",
            prescriptions=_advice(curve),
        ),
    )  # fmt: skip


def _judge(curve: Curve) -> tuple[float, str, tuple[str, ...]]:
    jump = curve.lr_jump()
    here = curve.lr_at(curve.onset)
    if jump and jump[0] >= JUMP and curve.onset > 0:
        step = int(curve.history.step[jump[1]])
        message = (
            f"the learning rate jumps {jump[0]:.3g}-fold at step {step}, then the loss diverges"
        )
        return (0.93 if jump[1] > curve.onset - 30 else 0.85), message, ()
    if curve.rise < LEAST_RISE:
        return 0.0, "", ()
    gradual = curve.num_rising >= 3 and not curve.is_sudden
    if here is not None and gradual and _still_grows(curve):
        growing = f"while the learning rate still grows ({here:.3g})"
        message = f"the loss diverges at step {curve.step} {growing}"
        return 0.85, message, ()
    if gradual:
        early = curve.onset <= EARLY
        rate = f" at a learning rate of {here:.3g}" if here is not None else ""
        message = f"the loss diverges over {curve.num_rising} steps{rate}"
        if here is None:
            return 0.45, message, ("no learning rate was logged",)
        if curve.is_past_peak:
            return 0.45, message, ("higher rates trained soundly before",)
        return (0.75 if early else 0.55), message, ()
    if not curve.is_sudden and curve.num_rising == 2 and curve.onset <= EARLY:
        return 0.6, f"the loss explodes within {curve.end} steps of the start", ()
    if curve.num_rising >= 3:
        return 0.4, f"the loss jumps at step {curve.step} and goes on growing", ()
    return 0.0, "", ()


def _still_grows(curve: Curve) -> bool:
    """Whether the rate at the onset is the highest so far and was much lower half-way."""
    rates = curve.lr
    here, half = curve.lr_at(curve.onset), curve.lr_at(curve.onset // 2)
    if rates is None or here is None or half is None or curve.onset < 4:
        return False
    return here >= 0.999 * float(max(rates[: curve.onset + 1])) and here > 1.3 * half


def _course(curve: Curve) -> tuple[str, ...]:
    text = f"loss {curve.level:.4g} before step {curve.step}, {curve.peak:.4g} at its peak"
    return (
        (f"{text}, non-finite at step {curve.crash_step}",)
        if curve.end < len(curve.history)
        else (text,)
    )


def _advice(curve: Curve) -> tuple[Prescription, ...]:
    rate = curve.lr_at(curve.onset)
    jump = curve.lr_jump()
    if rate is None:
        return (Prescription("Lower the learning rate", "half of it at most"),)
    if jump and jump[0] >= JUMP and curve.onset > 0:
        before = curve.lr_at(jump[1] - 1)
        why = "the rate before its jump trained soundly"
        return (Prescription("Undo the jump of the learning rate", f"lr {rate:.3g} → {before:.3g}",
                             Grade.observed, why),)  # fmt: skip
    target = rate / 2 if curve.onset > EARLY else rate / 10
    why = "the divergence starts at this rate"
    return (Prescription("Lower the learning rate", f"lr {rate:.3g} → {target:.3g}", why=why),)


RULE = Rule(CODE, CAUSE, DOC, check)
