"""Rule: a cumulative sum or product, or the exponential of one, that leaves the dtype's range."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import is_rounding
from nandoctor.rules.site import Site, overflows, site_of

CODE, CAUSE = "ND111", "cumulative_overflow"
CUMULATIVE = frozenset({"cumsum", "cumprod", "logcumsumexp", "prod", "cumulative_trapezoid"})
EXPS = frozenset({"exp", "exp2", "expm1", "pow"})
GROWING = frozenset({
    "mul", "div", "pow", "square", "mm", "bmm", "addmm", "baddbmm", "mv", "add", "addcmul", "sum",
})  # fmt: skip
LONG = 8
"""Steps from which a recurrence, rather than one large operand, made the size."""

DOC = """
## What it does
Reports a cumsum, cumprod or prod that overflows, an exponential of a cumulative sum, and a
recurrence (`h = h @ a + x`, step by step) that grows out of the range.

## Why it matters
Linear attention, state-space models and survival models keep running sums of log decays; over a
long sequence they pass +-88 and `exp(-cumsum)` is infinite. Short sequences never show it.

## Example
```python
decay = F.logsigmoid(gate).cumsum(1)
k = k * torch.exp(-decay)             # overflows once decay < -88
```

## Use instead
```python
weights = torch.exp(decay_i - decay_j)    # differences within a chunk: always <= 1
```
Work in chunks, keep the state in fp32, and subtract the running maximum before the exponential.

## Look-alikes
A single large argument is `exp_overflow`. An fp16 sum that fp32 holds is `fp16_overflow`.

## References
fla-org/flash-linear-attention#649; Yang et al. 2023, "Gated linear attention transformers".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a cumulative op overflows, itself or through an exponential."""
    site = site_of(evidence)
    if site is None:
        return ()
    rounding = 0.5 if is_rounding(evidence, site) and site.op not in EXPS else 0.0
    if site.op in CUMULATIVE:
        return found_at(site, (CODE, CAUSE), f"{site.op} overflows", score=0.9 - rounding)
    if site.op in EXPS and _is_cumulative(site):
        message = f"{site.op} of a cumulative sum overflows"
        return found_at(site, (CODE, CAUSE), message, score=0.92)
    if site.op in GROWING and site.origin.repeats >= LONG and overflows(site):
        message = f"{site.op} repeated on its own result {site.origin.repeats} times overflows"
        return found_at(site, (CODE, CAUSE), message, score=0.8 - rounding)
    return ()


def _is_cumulative(site: Site) -> bool:
    if site.made_by:
        return bool(CUMULATIVE & set(site.made_by))
    return site.mentions(
        r"cum(sum|prod|ulative)?\b|decay|segsum|\bscan\b|linear_?attention|\bssm\b"
    )


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("clamp", "fp64"))
