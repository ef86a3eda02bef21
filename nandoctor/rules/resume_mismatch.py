"""Rule: a resume that did not restore the optimizer or the schedule."""

import numpy as np

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import Curve, curve_of

CODE, CAUSE = "ND605", "resume_mismatch"
RUN = 8  # equal consecutive learning rates that make a schedule's replay

DOC = """
## What it does
Reports an optimizer whose own step counter is far behind the checkpoint's step, and a learning rate
that repeats an earlier stretch of its schedule.

## Why it matters
A resume that restores the weights but not the optimizer makes Adam's first steps as wild as at the
start, at a learning rate without warm-up. A schedule that starts over puts a late model under an
early rate.

## Example
```
checkpoint step 5000, exp_avg_sq step 12
step 450: lr follows the values of steps 0, 1, 2, ... again
```

## Use instead
Save and load model, optimizer, scheduler, scaler, RNG and data position together, and compare one
step's loss and gradient norm before and after.

## Look-alikes
Warm restarts (SGDR) repeat the schedule on purpose and the loss stays. Fine-tuning starts a new
optimizer with a new warm-up.

## References
torch tutorials, "Saving and loading a general checkpoint".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the run exploded and the optimizer's or schedule's counter is behind."""
    curve = curve_of(evidence)
    if curve is None:
        return ()
    return (*_counter(evidence), *_schedule(curve))[:1]


def optimizer_step(evidence: Evidence) -> float | None:
    """Return the optimizer's own step counter, None where it has none."""
    tensors = evidence.crash.tensors if evidence.crash else ()
    counters = [t for t in tensors if t.role == "optimizer" and "step" in t.name.split(".")]
    return max((t.max for t in counters if t.max is not None), default=None)


def _counter(evidence: Evidence) -> tuple[Finding, ...]:
    step = evidence.crash.training.step if evidence.crash else None
    own = optimizer_step(evidence)
    scaled = evidence.crash is not None and evidence.crash.training.loss_scale is not None
    if (
        step is None
        or own is None
        or own <= 0
        or own + 1 >= 0.9 * step
        or (scaled and own > 0.5 * step)
    ):
        return ()
    message = f"the optimizer has made {own:.0f} steps, the run {step}: its state was not restored"
    return (_finding(message, "optimizer step", 0.9),)


def _schedule(curve: Curve) -> tuple[Finding, ...]:
    rates = curve.lr
    if rates is None:
        return ()
    for row in range(max(1, curve.onset - 60), min(curve.onset + 6, len(rates) - RUN)):
        if not rates[row] > 1.05 * rates[row - 1]:
            continue
        source = _repeats(rates, row)
        if source is not None:
            steps = curve.history.step
            message = (f"from step {steps[row]} on the learning rate repeats its schedule of step "
                       f"{steps[source]}")  # fmt: skip
            return (_finding(message, f"step {steps[row]}", 0.95),)
    return ()


def _repeats(rates: np.ndarray, row: int) -> int | None:
    """Return the earlier row whose stretch of rates the one from ``row`` on repeats."""
    stretch = rates[row : row + RUN]
    if np.ptp(stretch) == 0:
        return None
    for source in range(row - RUN):
        if np.allclose(rates[source : source + RUN], stretch, rtol=1e-6, atol=0):
            return source
    return None


def _finding(message: str, where: str, score: float) -> Finding:
    return Finding(
        CODE, CAUSE, "error", Grade.observed, message, where, score=score, component="optimizer",
        prescriptions=(Prescription("Resume with the whole state", "optimizer and scheduler, too",
                                    Grade.observed, message),),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
