"""Rule: one batch whose gradient threw the weights out."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import Curve, curve_of
from nandoctor.rules.logged import level
from nandoctor.rules.optimizer import is_adaptive, param_group
from nandoctor.rules.probing import hard_batch, is_data_cleared

CODE, CAUSE = "ND303", "bad_batch"

DOC = """
## What it does
Reports a loss that jumps in a single step, at an unchanged learning rate and with sound state, and
does not come back: one batch far from the others met an unclipped optimizer.

## Why it matters
A batch of outliers, a length jump or a mislabelled shard has a gradient hundreds of times the usual
norm. One plain SGD step along it is enough; Adam or clipping would have bounded it.

## Example
```
step 259: loss 0.19, grad norm 0.5      step 260: loss 1590, grad norm 440      step 270: nan
```

## Use instead
Clip at 2-3 times the largest healthy gradient norm, look at the batch of that step, and resume from
the checkpoint before it without it.

## Look-alikes
NaN or Inf in the batch is `bad_input`. A jump of the learning rate is `learning_rate_too_high`. A
jump under Adam with an ordinary gradient is damage: `optimizer_state` or `bad_parameter`. A spike
that heals by itself is no fault.

## References
Chowdhery et al. 2022, "PaLM", section 5.1 (the same batch does not spike from other weights).
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on a jump that the onset's own batch repeats, or that nothing else explains."""
    curve = curve_of(evidence)
    if curve is None or curve.num_rising < 1:
        return ()
    hard = hard_batch(evidence, curve)
    if hard is not None:
        line = f"on the last good weights that batch has a loss of {hard.loss:.4g}, too"
        return (_finding(curve, hard.step, 0.92, (line, *_course(curve)), Grade.reproduced),)
    jump = curve.lr_jump()
    if not curve.is_sudden or (jump and jump[0] > 1.5) or is_data_cleared(evidence, curve):
        return ()
    clipped = evidence.crash is not None and evidence.crash.training.max_grad_norm is not None
    momentum = any(value >= 1 for value in param_group(evidence, "momentum"))
    score = 0.35 if is_adaptive(evidence) or clipped or momentum else 0.65
    return (_finding(curve, curve.step, score, _course(curve), Grade.observed),)


def _course(curve: Curve) -> tuple[str, ...]:
    lines = [f"loss {curve.level:.4g} → {abs(curve.loss[curve.onset]):.4g} at step {curve.step}"]
    norms = curve.grad_norm
    if norms is not None:
        usual = level(norms, curve.onset)
        lines.append(f"gradient norm {usual:.4g} → {norms[curve.onset]:.4g} there")
    return tuple(lines)


def _finding(
    curve: Curve, step: int, score: float, lines: tuple[str, ...], grade: Grade
) -> Finding:
    message = f"the loss jumps at step {step} and does not come back: look at that batch"
    advice = Prescription("Resume before this step without its batch", f"skip step {step}",
                          grade, "the jump starts there")  # fmt: skip
    return Finding(
        CODE, CAUSE, "error", grade, message, f"step {step}", evidence=lines, score=score,
        component="data", prescriptions=(advice,),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
