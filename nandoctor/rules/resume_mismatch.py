"""Rule: a resume that did not restore the optimizer or the schedule."""

import numpy as np

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import Curve, curve_of
from nandoctor.rules.logged import num_nonfinite, values
from nandoctor.rules.optimizer import optimizer_step, schedule_step

CODE, CAUSE = "ND605", "resume_mismatch"
RUN = 8  # equal consecutive learning rates that make a schedule's replay

DOC = """
## What it does
Reports an optimizer or a scheduler whose own counter went back since the last good checkpoint or is
far behind the checkpoint's step, and a learning rate that repeats an earlier stretch.

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
optimizer with a new warm-up. A schedule stepped once an epoch counts less than the run.

## References
torch tutorials, "Saving and loading a general checkpoint".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the run exploded and the optimizer's or schedule's counter is behind."""
    curve = curve_of(evidence)
    if curve is None:
        return ()
    return (*_set_back(evidence), *_counter(evidence), *_position(evidence), *_schedule(curve))[:1]


def _set_back(evidence: Evidence) -> tuple[Finding, ...]:
    """A counter that stands lower than in the checkpoint from before."""
    crash, good = evidence.crash, evidence.last_good
    step, before = (facts.training.step if facts else None for facts in (crash, good))
    if step is None or before is None or step <= before:
        return ()
    for name, counter in (("optimizer", optimizer_step), ("scheduler", schedule_step)):
        then, now = counter(good), counter(crash)
        if then is not None and now is not None and now < then:
            message = (f"the {name} stood at step {then:.0f} in the last good checkpoint, "
                       f"it stands at {now:.0f} at the crash: it was not restored")  # fmt: skip
            return (_finding(message, f"{name} step", 0.93),)
    return ()


def _position(evidence: Evidence) -> tuple[Finding, ...]:
    """A scheduler that is stepped at every step and stands far behind the run."""
    crash = evidence.crash
    step = crash.training.step if crash else None
    own = schedule_step(crash)
    if crash is None or step is None or own is None or not _moves_at_every_step(evidence):
        return ()
    own *= crash.training.accumulation_steps or 1
    if own < 0 or own + 2 >= 0.9 * step:
        return ()
    message = f"the scheduler stands at step {own:.0f}, the run at {step}: it was not restored"
    return (_finding(message, "scheduler step", 0.85),)


def _moves_at_every_step(evidence: Evidence) -> bool:
    """Whether the logged rate changed from step to step: its schedule counts steps, not epochs."""
    history = evidence.history
    rates = values(history.lr) if history is not None else None
    if rates is None or len(rates) < 2 * RUN:
        return False
    return bool((np.diff(rates[-2 * RUN :]) != 0).mean() > 0.5)


def _counter(evidence: Evidence) -> tuple[Finding, ...]:
    step = evidence.crash.training.step if evidence.crash else None
    own = optimizer_step(evidence.crash)
    if own is not None and evidence.crash is not None:
        own *= evidence.crash.training.accumulation_steps or 1
    scaled = evidence.crash is not None and evidence.crash.training.loss_scale is not None
    if (
        step is None
        or own is None
        or own <= 0
        or own + num_nonfinite(evidence.history) + 1 >= 0.9 * step
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
    if row <= RUN or np.ptp(stretch) == 0:
        return None
    earlier = np.lib.stride_tricks.sliding_window_view(rates[: row - 1], RUN)
    alike = np.flatnonzero(np.isclose(earlier, stretch, rtol=1e-6, atol=0).all(axis=1))
    return int(alike[0]) if alike.size else None


def _finding(message: str, where: str, score: float) -> Finding:
    return Finding(
        CODE, CAUSE, "error", Grade.observed, message, where, score=score, component="optimizer",
        prescriptions=(Prescription("Resume with the whole state", "optimizer and scheduler, too",
                                    Grade.observed, message),),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
