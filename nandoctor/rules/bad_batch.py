"""Rule: one batch whose gradient threw the weights out."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import curve_of, is_adaptive, level, param_group

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
    """Fire on a sudden jump that neither the learning rate nor the state explains."""
    curve = curve_of(evidence)
    if curve is None or not curve.is_sudden or curve.num_rising < 1:
        return ()
    jump = curve.lr_jump()
    if jump and jump[0] > 1.5:
        return ()
    clipped = evidence.crash is not None and evidence.crash.training.max_grad_norm is not None
    momentum = any(value >= 1 for value in param_group(evidence, "momentum"))
    adaptive = is_adaptive(evidence)
    score = 0.35 if adaptive or clipped or momentum else 0.65
    norms = curve.grad_norm
    lines = [f"loss {curve.level:.4g} → {abs(curve.loss[curve.onset]):.4g} at step {curve.step}"]
    if norms is not None:
        usual = level(norms, curve.onset)
        lines.append(f"gradient norm {usual:.4g} → {norms[curve.onset]:.4g} there")
    message = f"the loss jumps at step {curve.step} and does not come back: look at that batch"
    advice = Prescription("Resume before this step without its batch", f"skip step {curve.step}",
                          why="the jump starts there")  # fmt: skip
    return (
        Finding(CODE, CAUSE, "error", Grade.observed, message, f"step {curve.step}",
                evidence=tuple(lines), score=score, component="data", prescriptions=(advice,)),
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
