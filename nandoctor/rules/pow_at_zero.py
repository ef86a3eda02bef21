"""Rule: a fractional power of zero in backward, or of a negative base in forward."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.norm_at_zero import is_root_of_sum
from nandoctor.rules.site import is_zero, site_of

CODE, CAUSE = "ND503", "pow_at_zero"

DOC = """
## What it does
Reports x ** p with 0 < p < 1 at x = 0, whose gradient p x^(p-1) is infinite; 0 to a negative power;
and a negative base under a fractional exponent, which is NaN at once.

## Why it matters
Generalised-mean pooling, p-norms, gamma curves and focal terms take roots of activations that a
ReLU makes exactly 0.

## Example
```python
pooled = x.pow(p).mean((-2, -1)).pow(1 / p)    # an image without any activation
```

## Use instead
```python
pooled = x.clamp(min=1e-6).pow(p).mean((-2, -1)).pow(1 / p)
```

## Look-alikes
The power 1/2 of a sum of squares is `norm_at_zero`; sqrt is `sqrt_at_zero`. Integer powers are
safe at 0. A large base that overflows is `range_overflow` or `unnormalised_input`.

## References
filipradenovic/cnnimageretrieval-pytorch (GeM); torch.pow.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire at a power: backward at zero, forward of a negative base or zero."""
    site = site_of(evidence)
    if site is None or site.op not in ("pow", "float_power"):
        return ()
    base = site.values(0)
    negative = any(value < 0 for value in base) and any(v != v for v in site.outputs)
    if not site.is_backward and not (negative or any(map(is_zero, base))):
        return ()
    penalty = 0.4 if is_rounding(evidence, site) else 0.0
    score = 0.5 if site.is_backward and is_root_of_sum(site) else 0.9
    what = "a fractional power of a negative number" if negative else "a power of zero"
    message = f"{what}, whose gradient is infinite" if site.is_backward else what
    return found_at(site, (CODE, CAUSE), message, score=score - penalty)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "safe_where"))
