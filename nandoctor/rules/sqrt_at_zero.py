"""Rule: the gradient of a square root at zero, or the root of a negative number."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND501", "sqrt_at_zero"

DOC = """
## What it does
Reports sqrt(x) whose gradient 1/(2 sqrt(x)) is infinite at x = 0 (times 0 it is NaN), and sqrt of a
negative number, which is NaN at once.

## Why it matters
The forward value is a harmless 0, so the loss is finite and only the gradient is NaN. Two equal
embeddings, a dead feature map or a zero distance are enough. Rounding makes variances of -1e-9.

## Example
```python
distance = ((a - p) ** 2).sum(-1).sqrt()       # a == p
```

## Use instead
```python
distance = (((a - p) ** 2).sum(-1) + 1e-12).sqrt()     # eps inside the root; outside is too late
```

## Look-alikes
`clamp(min=eps)` after the root leaves inf * 0. tensor.norm() defines its gradient at 0 as 0. A
fractional power is `pow_at_zero`, the root of a variance `zero_variance_norm`. A ReLU in front that
is off returns 0 for the NaN: then nothing is wrong.

## References
richzhang/PerceptualSimilarity#69; pytorch/pytorch#2421.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire at a square root: backward at zero, or forward of a negative number."""
    site = site_of(evidence)
    if site is None or site.op != "sqrt":
        return ()
    negative = site.has(lambda value: value < 0)
    if not site.is_backward and not negative:
        return ()
    rounding = is_rounding(evidence, site)
    message = "sqrt of a negative number" if negative else "the gradient of sqrt at 0 is infinite"
    return found_at(site, (CODE, CAUSE), message, score=0.4 if rounding else 0.8)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "safe_where"))
