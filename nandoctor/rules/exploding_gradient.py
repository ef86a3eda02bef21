"""Rule: a stored or replayed gradient that is non-finite or very large."""

import math

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of

CODE, CAUSE = "ND405", "exploding_gradient"
LIMIT = 1000.0

DOC = """
## What it does
Reports gradients in a checkpoint that are NaN or Inf, or whose norm is above 1000 (settable).

## Why it matters
The tensor with the largest norm is usually nearest to where the explosion starts; it is a symptom
that the diagnosis then explains.

## Example
```
vision_tower.patch_embedding.weight.grad: norm 8.1e+04
```

## Use instead
In the vision tower, look at the pixel range; elsewhere clip at 2-3 times the healthy maximum, and
find out why with `nandoctor diagnose`.

## Look-alikes
Sum-reduced losses and gradients still multiplied by the loss scale have large norms that are
healthy: raise the limit with `grad_norm` in `[tool.nandoctor]`.

## References
Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each such gradient, worst first."""
    limit = evidence.thresholds.get("grad_norm", LIMIT)
    gradients = [
        t for facts in evidence.checkpoints[:1] for t in facts.tensors if t.role == "gradient"
    ]
    bad = [t for t in gradients if not t.is_finite or (t.l2 or 0.0) > limit]
    bad.sort(key=lambda t: (t.is_finite, -(t.l2 or 0.0)))
    return tuple(_finding(tensor, limit) for tensor in bad[:12])


def _finding(tensor: TensorStats, limit: float) -> Finding:
    if tensor.is_finite:
        message = f"{tensor.name}: gradient norm {tensor.l2 or math.nan:.4g} is above {limit:g}"
    else:
        message = (
            f"{tensor.name}: {tensor.num_nonfinite} of {tensor.numel} gradients are non-finite"
        )
    return Finding(
        CODE, CAUSE, "warning" if tensor.is_finite else "error", Grade.observed, message,
        tensor.name, component=component_of(tensor.name), is_cause=False,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
