"""Rule: an inverse cosine or sine at, or beyond, the edge of its domain."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND505", "acos_at_one"
ARCS = frozenset({"acos", "asin", "arccos", "arcsin", "acosh", "atanh", "arctanh", "erfinv"})

DOC = """
## What it does
Reports acos, asin, atanh, acosh or erfinv at ±1, where the gradient is infinite, or beyond, where
the value is NaN.

## Why it matters
A cosine similarity of parallel vectors is 1, and by rounding 1.0000001. Clamping to [-1, 1] saves
the value, not the gradient.

## Example
```python
angle = torch.acos((a * b).sum(-1).clamp(-1, 1))     # collinear atoms
```

## Use instead
```python
angle = torch.atan2(torch.linalg.cross(a, b).norm(dim=-1), (a * b).sum(-1))
angle = torch.acos((a * b).sum(-1).clamp(-1 + 1e-6, 1 - 1e-6))
```

## Look-alikes
atan2 at (0, 0) is `atan2_at_origin`.

## References
e3nn/e3nn#112; torch.acos.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire at such an op: backward, or forward beyond the domain."""
    site = site_of(evidence)
    if site is None or site.op not in ARCS:
        return ()
    score = 0.5 if is_rounding(evidence, site) else 0.93
    value = next(iter(site.values(0)), 1.0)
    place = "has an infinite gradient" if site.is_backward else "is undefined"
    return found_at(site, (CODE, CAUSE), f"{site.op} {place} at {value:.7g}", score=score)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "safe_where"))
