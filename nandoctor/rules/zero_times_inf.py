"""Rule: zero times infinity."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import is_zero, site_of

CODE, CAUSE = "ND110", "zero_times_inf"
PRODUCTS = (
    "mul",
    "mm",
    "bmm",
    "matmul",
    "addmm",
    "baddbmm",
    "einsum",
    "dot",
    "prod",
    "linear",
    "addcmul",
)

DOC = """
## What it does
Reports 0 * inf: a product in which one factor is 0 and the other infinite, NaN by IEEE 754.

## Why it matters
Masking by multiplication does not remove a -inf, and p * log p is 0 * -inf for a masked token.

## Example
```python
entropy = -(logp.exp() * logp).sum(-1)     # logp = -inf for masked tokens
loss = (nll * mask).sum()                  # nll = inf under mask = 0
bias = (1 - mask) * -math.inf              # 0 * -inf wherever a token is kept
```

## Use instead
```python
entropy = -torch.special.xlogy(p, p).sum(-1)            # 0 log 0 = 0
loss = torch.where(mask, nll, 0.0).sum()                # select, do not multiply
loss = nll[mask].sum()
```

## Look-alikes
The infinity may itself be the fault (a log of zero, an overflow): then that op is the origin. A
skip that multiplies a NaN gradient by 0 keeps the NaN; it is this very pattern.

## References
torch.special.xlogy, torch.special.entr; IEEE 754-2019, section 7.2.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the offending factors of a product are zero and infinite."""
    site = site_of(evidence)
    if site is None or site.op not in PRODUCTS:
        return ()
    number = site.origin.arguments.get("other")  # mask * -math.inf
    factor = float(number) if isinstance(number, (int, float)) else 1.0
    has_zero = site.has(is_zero) or factor == 0.0
    if not (has_zero and (site.has(math.isinf) or math.isinf(factor))):
        return ()
    infinity = f"the number {factor}" if math.isinf(factor) else "infinity"
    return found_at(site, (CODE, CAUSE), f"{site.op} of zero and {infinity}", score=0.9)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("finite_mask", "clamp", "safe_where"))
