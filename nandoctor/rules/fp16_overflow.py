"""Rule: a result beyond 65,504 in float16."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.exp_overflow import LIMITS
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import cured_by_precision, half_dtype
from nandoctor.rules.site import Site, is_zero, site_of

CODE, CAUSE = "ND201", "fp16_overflow"
DOMAINS = frozenset({"log", "log2", "log10", "log1p", "div", "sqrt", "rsqrt", "reciprocal", "acos"})

DOC = """
## What it does
Reports an op in float16 whose finite operands give ±Inf (or NaN from an inner Inf): fp16 ends at
65,504.

## Why it matters
Attention scores, squares, sums over long axes and residual streams of models trained in bf16 pass
65,504 easily. bf16 and fp32 (3.4e38) hold them.

## Example
```python
energy = x.half().square().sum(-1)     # 256**2 is 65536
```

## Use instead
```python
energy = x.float().square().sum(-1)    # this op in fp32
with torch.autocast("cuda", dtype=torch.bfloat16): ...
```

## Look-alikes
An Inf in fp32 as well is `exp_overflow` or `range_overflow`: fp32 does not cure it. A gradient
norm of inf now and then under a GradScaler is how the scaler finds its scale, no fault. A zero that
should not be one is `fp16_underflow`. If weights grew for many steps before, the growth leads.

## References
IEEE 754-2019 binary16; Micikevicius et al. 2018, "Mixed precision training".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where float16 made the result infinite and more precision does, or would, not."""
    site = site_of(evidence)
    if site is None or half_dtype(evidence, site) != "float16":
        return ()
    if "float16" not in site.dtypes or not _leaves_range(site):
        return ()
    cure = cured_by_precision(evidence)
    fp32 = evidence.trial("fp32")
    if fp32 is not None and fp32.outcome == "not_fixed":
        return ()
    score = 0.95 if cure else 0.7
    extra = (f"with {cure} the step is finite",) if cure else ()
    message = f"{site.op} passes fp16's maximum of 65,504"
    return found_at(site, (CODE, CAUSE), message, score=score, extra=extra)


def _leaves_range(site: Site) -> bool:
    """Whether the operands are inside the op's domain, so that only the range explains it."""
    if site.has(lambda value: abs(value) == float("inf") or value != value):
        return False
    if site.op in DOMAINS and site.has(is_zero):
        return False
    if any(item.stats.num_neginf for item in site.operands) and "softmax" in site.op:
        return False
    known = [abs(value) for item in site.operands for value in item.offending]
    return site.op not in LIMITS or not known or max(known) <= LIMITS[site.op]


RULE = Rule(
    CODE, CAUSE, DOC, check, confirmed_by=("fp32", "fp64", "bf16", "fp32_module", "no_autocast")
)
