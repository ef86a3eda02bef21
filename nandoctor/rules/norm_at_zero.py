"""Rule: the gradient of a norm or distance at the zero vector."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import Site, site_of

CODE, CAUSE = "ND502", "norm_at_zero"
NORMS = (
    "norm",
    "linalg_vector_norm",
    "cdist",
    "dist",
    "pairwise_distance",
    "hypot",
    "cdist_forward",
)
SUMS = frozenset({"sum", "mean", "einsum", "bmm", "matmul", "dot", "mm", "addmm", "nansum"})
PRODUCTS = frozenset({"einsum", "mul", "pow", "square", "bmm", "matmul", "dot", "mm"})

DOC = """
## What it does
Reports a norm or distance whose gradient x/|x| is 0/0 at the zero vector.

## Why it matters
The norm of 0 is 0, and finite; its gradient is not. Padding vectors, identical points in `cdist`
and zero-initialised heads give exact zeros.

## Example
```python
n = torch.einsum("bk,bk->b", q, q) ** 0.5
q = q / n.clamp(min=1e-8)                  # clamp after the root: 0 * inf in backward
```

## Use instead
```python
n = (q.square().sum(-1) + 1e-12).sqrt()
q = F.normalize(q, dim=-1, eps=1e-6)
```

## Look-alikes
tensor.norm() and F.normalize have a gradient of 0 at 0 and are safe; p-norms with p < 1 and
torch.cdist in some modes are not. A root that is no norm is `sqrt_at_zero`.

## References
pytorch/pytorch#2421, #99868; torch.linalg.vector_norm.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire in backward at a norm, or at a power 1/2 of a sum of squares."""
    site = site_of(evidence)
    if site is None or not site.is_backward:
        return ()
    penalty = 0.4 if is_rounding(evidence, site) else 0.0
    if site.op in NORMS:
        message = f"the gradient of {site.op} at the zero vector"
        return found_at(site, (CODE, CAUSE), message, score=0.9 - penalty)
    if is_root_of_sum(site):
        message = "the gradient of a hand-written norm at the zero vector is infinite"
        return found_at(site, (CODE, CAUSE), message, score=0.85 - penalty)
    if site.op == "sqrt" and PRODUCTS & set(site.made_by[:3]):
        message = "the gradient of a hand-written norm at the zero vector is infinite"
        return found_at(site, (CODE, CAUSE), message, score=0.6 - penalty)
    return ()


def is_root_of_sum(site: Site) -> bool:
    """Whether the op is a power 1/2 of a sum of products; of a sum unless its makers tell."""
    made = site.made_by[:3]
    return site.op == "pow" and exponent(site) == 0.5 and (not made or bool(SUMS & set(made)))


def exponent(site: Site) -> float | None:
    """Return the exponent of a pow, None where it is a tensor or not known."""
    for key in ("exponent", "p", "1"):
        value = site.origin.arguments.get(key)
        if isinstance(value, (int, float)):
            return float(value)
    return 0.5 if site.mentions(r"\*\*\s*\(?\s*0?\.5|\*\*\s*\(?\s*1\s*/\s*2|pow\(0?\.5") else None


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "safe_where"))
