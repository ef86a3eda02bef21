"""Rule: a number that float16 rounds to zero."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import cured_by_precision, half_dtype
from nandoctor.rules.site import is_zero, site_of

CODE, CAUSE = "ND202", "fp16_underflow"
DOMAINS = frozenset(
    {"div", "log", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "pow", "acos", "asin", "atan2",
     "logit", "norm", "linalg_vector_norm", "std", "var", "cdist", "normalize", "addcdiv", "log1p"}
)  # fmt: skip
SMALLEST = 2.0**-25  # half of the smallest subnormal: rounds to zero

DOC = """
## What it does
Reports a zero that only fp16 made: an epsilon below 3e-8, a probability, a variance or a squared
gradient, where a division, logarithm or root then fails.

## Why it matters
fp16's smallest number is 6.0e-8 and its smallest normal one 6.1e-5. `eps=1e-12` of F.normalize,
`clamp(min=1e-9)` and Adam's 1e-8 are exactly 0 in fp16.

## Example
```python
F.normalize(x.half(), eps=1e-12)               # 0/0 for a zero vector
h.sum(1) / mask.half().sum(1).clamp(min=1e-9)
```

## Use instead
```python
F.normalize(x.float()).to(x.dtype)
mask.sum(1).clamp(min=1)
```

## Look-alikes
If fp32 does not cure it, the zero is real: `log_of_zero`, `division_by_zero`. bf16 has fp32's
range (smallest normal 1.2e-38), so what bf16 rounds away is precision: `bf16_precision`.

## References
pytorch/pytorch#32137; IEEE 754-2019 binary16.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a zero operand is offending, in fp16, and more precision cures the step."""
    site = site_of(evidence)
    if site is None or half_dtype(evidence, site) != "float16":
        return ()
    if not (site.has(is_zero) and site.op in DOMAINS) and not site.op.endswith("norm"):
        return ()
    cure = cured_by_precision(evidence)
    eps = [v for k, v in site.origin.arguments.items() if k == "eps" and isinstance(v, float)]
    is_lost = any(0 < value < SMALLEST for value in eps)
    tried = [n for n in ("fp32", "fp64") if (t := evidence.trial(n)) and t.outcome == "not_fixed"]
    if not cure and (tried or not is_lost):
        return ()
    extra = (f"with {cure} the step is finite",) if cure else (f"eps {eps[0]:g} is 0 in fp16",)
    message = f"{site.op} got a zero that fp16 made"
    return found_at(site, (CODE, CAUSE), message, score=0.95 if cure else 0.6, extra=extra)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("fp32", "fp64", "bf16", "fp32_module"))
