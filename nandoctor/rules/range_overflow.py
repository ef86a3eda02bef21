"""Rule: an ordinary op whose result is too large even for float32 or bfloat16."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.exp_overflow import LIMITS
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import half_dtype
from nandoctor.rules.site import overflows, site_of, squares_overflow

CODE, CAUSE = "ND114", "range_overflow"
MAX = 3.4028235e38
UNBOUNDED = frozenset(
    {
        "log",
        "log2",
        "log10",
        "log1p",
        "logit",
        "atanh",
        "rsqrt",
        "reciprocal",
        "linalg_slogdet",
        "linalg_eigh",
        "linalg_eig",
        "linalg_svd",
        "linalg_inv_ex",
        "lgamma",
        "digamma",
        "polygamma",
        "mvlgamma",
        "special_zeta",
        "tan",
        "erfinv",
        "special_ndtri",
    }
)
"""Ops with a pole: their infinity tells nothing of the size of what they read."""

DOC = """
## What it does
Reports a product, power, sum or matrix product of finite numbers whose result passes 3.4e38.

## Why it matters
No healthy activation is that large: the operands grew out of hand before. The rule says where the
growth became infinite; the cause is usually the input's scale or the training dynamics, and those
rules lead where their evidence stands.

## Example
```python
t ** 5            # t is a unix timestamp, 1.7e9
(pred - y) ** 2   # pred has diverged to 1e20
```

## Use instead
Normalise the input, bound the quantity (clamp, tanh, LayerNorm), or lower the learning rate,
according to what made the operands large.

## Look-alikes
In fp16 the limit is 65,504: `fp16_overflow`. Exponentials have rules of their own.

## References
IEEE 754-2019, section 7.4.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where finite operands gave infinity in a dtype with float32's range."""
    site = site_of(evidence)
    if site is None or site.op in LIMITS or site.op in UNBOUNDED:
        return ()
    if not overflows(site) and not (squares_overflow(site) and "norm" in site.op):
        return ()
    if half_dtype(evidence, site) == "float16" and "float16" in site.dtypes:
        return ()
    if "div" in site.op and any(0.0 in item.offending for item in site.operands):
        return ()
    sizes = [item.stats.absmax or 0.0 for item in site.operands]
    if not sizes or max(sizes) <= 1.0:
        return ()
    largest = max(sizes)
    score = 0.6 if largest > 1e4 else 0.4
    message = f"{site.op} of values up to {largest:.3g} passes {MAX:.2g}"
    return found_at(site, (CODE, CAUSE), message, score=score)


# Bounding the operands stops any growth, whatever made it: no trial confirms this one.
RULE = Rule(CODE, CAUSE, DOC, check)
