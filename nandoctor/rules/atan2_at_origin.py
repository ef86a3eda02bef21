"""Rule: an angle of the zero vector."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import Site, is_zero, site_of

CODE, CAUSE = "ND113", "atan2_at_origin"

DOC = """
## What it does
Reports the angle of a zero vector: atan(y / x) is 0/0 in forward, atan2(0, 0) is finite but its
gradient is 0/0; so are `angle` and `abs` of complex zero in old versions.

## Why it matters
A stationary agent, a zero FFT bin or a degenerate box has no direction.

## Example
```python
heading = torch.atan(v[..., 1] / v[..., 0])
phase = torch.atan2(im, re)
```

## Use instead
```python
moving = v.abs().sum(-1) > 0
safe = torch.where(moving[..., None], v, torch.ones_like(v))
heading = torch.where(moving, torch.atan2(safe[..., 1], safe[..., 0]), 0.0)
```
or use (cos, sin) = v / |v| with an eps instead of the angle.

## Look-alikes
A division by zero that no arctangent follows is `division_by_zero`, and so is y/0: that vector has
a direction, which atan2 would tell.

## References
pytorch/pytorch#93998; torch.atan2.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire at atan2's gradient in the origin, and at 0/0 that an arctangent reads."""
    site = site_of(evidence)
    if site is None:
        return ()
    if site.op in ("atan2", "arctan2", "angle") and site.is_backward:
        return found_at(site, (CODE, CAUSE), f"the gradient of {site.op} at (0, 0)", score=0.95)
    if _is_zero_vector(site) and _feeds_arctangent(site):
        return found_at(site, (CODE, CAUSE), "y/x of a zero vector before atan", score=0.9)
    return ()


def _is_zero_vector(site: Site) -> bool:
    # values() are of the first offending elements on both sides, in one order
    pairs = zip(site.values(0), site.values(1), strict=False)
    return site.op == "div" and any(is_zero(y) and is_zero(x) for y, x in pairs)


def _feeds_arctangent(site: Site) -> bool:
    nearest = " ".join(site.origin.path_to_loss[:4])
    return "atan" in nearest or "arctan" in nearest or site.mentions(r"\ba(rc)?tan2?\b")


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "safe_where"))
