"""Rule: a gradient that is all but zero."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of

CODE, CAUSE = "ND406", "vanishing_gradient"
LIMIT = 1e-8

DOC = """
## What it does
Reports stored gradients with a norm above 0 and below 1e-8.

## Why it matters
Such a tensor does not learn: a saturated activation, a projector with a poor initialisation or
width, a loss that hardly depends on it. In fp16 the next smaller gradients are zeros.

## Example
```
multi_modal_projector.linear_1.weight.grad: norm 3.2e-10
```

## Use instead
In the projector, check initialisation and width; elsewhere normalisation, residual paths and
activation; in fp16 the loss scale.

## Look-alikes
A norm of exactly 0 is a frozen or unused tensor: a note at most. Near the end of training all
gradients become small together.

## References
Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward networks".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each such gradient."""
    limit = evidence.thresholds.get("vanishing_grad_norm", LIMIT)
    gradients = [
        t for facts in evidence.checkpoints[:1] for t in facts.tensors if t.role == "gradient"
    ]
    small = [t for t in gradients if t.is_finite and 0.0 < (t.l2 or 0.0) < limit]
    return tuple(
        Finding(
            CODE, CAUSE, "warning", Grade.observed,
            f"{t.name}: gradient norm {t.l2:.3g} is below {limit:g}", t.name,
            component=component_of(t.name), is_cause=False,
        )
        for t in sorted(small, key=lambda t: t.l2 or 0.0)[:12]
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
