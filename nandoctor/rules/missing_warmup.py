"""Rule: an adaptive optimizer that starts at its full learning rate."""

import numpy as np

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import Curve, curve_of
from nandoctor.rules.moments import betas_of
from nandoctor.rules.optimizer import is_adaptive, param_group

CODE, CAUSE = "ND602", "missing_warmup"
FIRST_STEPS = 1000
ORDINARY = 1.0  # SGD: rate / (1 - momentum); textbooks use 0.1 / (1 - 0.9)
IMMEDIATE = 20
THROWN = 2.0  # times the very first loss: what the first steps did to the weights
STEPS = 2000  # 2 / (1 - beta2) for torch's default of 0.999

DOC = """
## What it does
Reports a run that diverges within its first 1000 steps with Adam (or kin) and a learning rate that
is at its peak from the first step.

## Why it matters
In the first steps exp_avg_sq is an average of a handful of gradients, so the step size is noise of
the order of the full learning rate in every coordinate. Transformers without warm-up saturate their
softmax in these steps and do not come back.

## Example
```
step 0: lr 0.05 (peak)     loss 2.1, 2.7, 3.3, 11.4, ...
```

## Use instead
Raise the rate linearly over max(2 / (1 - beta2), 1 % of the run) steps, 2000 for beta2 = 0.999.

## Look-alikes
Plain SGD has no second moment to wait for: at a large rate it is `learning_rate_too_high`, and
only a divergence from the very first steps at an ordinary rate points to the start. A resumed run
starts at its rate because the warm-up is behind it. A NaN out of a calm loss, or one that the log
hides, tells nothing of the start: fine-tuning often runs at a constant rate.

## References
Ma and Yarats 2021, "On the adequacy of untuned warmup"; Liu et al. 2020, "RAdam".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the first logged rate is the peak and the divergence comes early."""
    curve = curve_of(evidence)
    adaptive = is_adaptive(evidence)
    if curve is None or curve.lr is None:
        return ()
    first_step = int(curve.history.step[0])
    rates = curve.lr[np.isfinite(curve.lr)]
    if first_step > 1 or curve.step - first_step > FIRST_STEPS or not rates.size:
        return ()
    if not _is_seen(curve):
        return ()
    peak = float(rates[: max(curve.onset, 1)].max())
    jump = curve.lr_jump()
    if rates[0] < 0.9 * peak or (jump is not None and jump[0] > 1.5):
        return ()
    score = (0.8 if curve.onset <= 200 else 0.6) if adaptive else 0.5
    if adaptive is False:
        # Without a second moment only a rate that is an ordinary one points to the start itself.
        momentum = min(max(param_group(evidence, "momentum"), default=0.0), 0.999)
        is_ordinary = peak / (1 - momentum) <= ORDINARY
        if not is_ordinary or curve.onset > IMMEDIATE:
            return ()
        score = 0.8
    if curve.num_rising < 2 and curve.onset > IMMEDIATE:
        score -= 0.2
    steps = round(2 / (1 - betas_of(evidence.crash)[1])) if evidence.crash else STEPS
    message = f"the learning rate is at its peak ({rates[0]:.3g}) from the first step: no warm-up"
    line = f"diverges at step {curve.step}, {curve.step - first_step} steps after the start"
    return (
        Finding(
            CODE, CAUSE, "error", Grade.observed, message, f"step {curve.step}", evidence=(line,),
            score=score, component="optimizer",
            prescriptions=(
                Prescription("Warm the learning rate up",
                             f"0 → {rates[0] / 2:.3g} over {steps} steps",
                             why="2 / (1 - beta2) steps until exp_avg_sq is an average"),
            ),
        ),
    )  # fmt: skip


def _is_seen(curve: Curve) -> bool:
    """Whether the loss was seen to rise before it failed, or failed in the very first steps.

    Not before the first update: what fails on the initial weights owes nothing to a rate.
    """
    is_hidden = curve.pattern.hidden_nan_step is not None
    first = np.abs(curve.loss[: min(curve.onset, IMMEDIATE)])
    first = first[np.isfinite(first)]
    is_thrown = first.size > 1 and first.max() > THROWN * first[0]
    return curve.num_rising > 0 or is_thrown or (0 < curve.onset <= IMMEDIATE and not is_hidden)


RULE = Rule(CODE, CAUSE, DOC, check)
