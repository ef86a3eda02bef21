"""Rule: a division by a zero that is no variance, count of labels or rounding error."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import Site, is_zero, site_of

CODE, CAUSE = "ND102", "division_by_zero"
DIVISIONS = frozenset({
    "div", "true_divide", "divide", "reciprocal", "rsqrt", "addcdiv", "remainder", "fmod",
    "floor_divide",
})  # fmt: skip
SOLVERS = frozenset({
    "linalg_inv_ex", "linalg_inv", "inverse", "linalg_solve_ex", "linalg_solve", "linalg_lu_solve",
    "linalg_solve_triangular", "triangular_solve", "cholesky_solve", "cholesky_inverse",
})  # fmt: skip
FACTORISATIONS = frozenset({"linalg_eigh", "linalg_eig", "linalg_svd", "linalg_qr"})

DOC = """
## What it does
Reports x/0 (Inf) and 0/0 (NaN), also as `reciprocal`, `rsqrt` and `remainder`, and shows both
operands; and
where linear algebra divides inside: the inverse of a singular matrix, the gradient of `eigh` or
`svd` at two equal values (it divides by their difference), `weight_norm` of a row of zeros.

## Why it matters
A denominator that is computed from data (a norm, a peak, a sum of weights, a count) is zero for the
one sample that is silent, black, padded or empty, months into a run.

## Example
```python
x = wav / wav.abs().max()          # a silent clip: 0/0
z = features / features.norm(dim=-1, keepdim=True)
```

## Use instead
```python
x = wav / wav.abs().max().clamp(min=1e-8)
z = F.normalize(features, dim=-1, eps=1e-6)   # eps inside the division; 1e-12 is 0 in fp16
```

## Look-alikes
A zero standard deviation is `zero_variance_norm`; a count of labels that is zero is
`all_labels_ignored`; an empty slice is `empty_reduction`; 0/0 before an arctangent is
`atan2_at_origin`; an epsilon that rounds to zero in half precision is `fp16_underflow`.

## References
torch.nn.functional.normalize; IEEE 754-2019, section 7.3 (division by zero) and 7.2 (invalid).
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the op divides and an offending denominator is zero."""
    site = site_of(evidence)
    if site is None:
        return ()
    if inside := _division_inside(site):
        return found_at(site, (CODE, CAUSE), inside, score=0.7)
    if site.op not in DIVISIONS:
        return ()
    denominators = site.operands[1:2] or site.operands[:1]
    known = [value for item in denominators for value in item.offending]
    number = site.origin.arguments.get("other")
    if isinstance(number, (int, float)):
        known = [float(number)]
    if known and not any(is_zero(value) for value in known):
        return ()
    rounding = is_rounding(evidence, site)
    against = ("more precision cures the step: the zero is made by rounding",) if rounding else ()
    numerator = site.values(0) if len(site.operands) > 1 else ()
    kind = "0/0" if numerator and all(is_zero(v) for v in numerator) else "a division by zero"
    score = 0.3 if rounding else 0.7 if known else 0.5
    message = f"{site.op}: {kind}"
    return found_at(site, (CODE, CAUSE), message, score=score, against=against)


def _division_inside(site: Site) -> str:
    """Return what a factorisation or normalisation divides by, empty where it does not."""
    if site.op in SOLVERS and not site.is_backward:
        return f"{site.op} of a singular matrix"
    if site.op in FACTORISATIONS and site.is_backward:
        return f"the gradient of {site.op} at equal values divides by their difference, 0"
    if site.op == "weight_norm_interface" and any(map(is_zero, site.values(1))):
        return "weight_norm divides by the norm of a direction of zeros"
    return ""


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("eps", "clamp", "safe_where"))
