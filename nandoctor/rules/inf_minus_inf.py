"""Rule: a difference of two infinities."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND109", "inf_minus_inf"
SUMS = frozenset({"sub", "add", "rsub", "subtract", "logaddexp", "sum", "kl_div", "lerp", "addmm"})

DOC = """
## What it does
Reports inf - inf: a difference (or sum) of two values that are both legitimately infinite.

## Why it matters
A masked action or token has log-probability -inf under both policies; their difference, in a KL
term or an importance ratio, is NaN. Each operand alone is fine.

## Example
```python
ratio = logp_new - logp_old        # both -inf for an illegal action
```

## Use instead
```python
ratio = torch.where(legal, logp_new - logp_old, 0.0)      # and mask before the difference:
logits = logits.masked_fill(~legal, torch.finfo(logits.dtype).min)
```

## Look-alikes
An infinity made by an overflow is that overflow's fault, which is then the origin. -inf + finite is
an ordinary mask. 0 * inf is `zero_times_inf`.

## References
IEEE 754-2019, section 7.2; Huang and Ontanon 2020 on invalid action masking.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where both operands of a sum are infinite at the offending elements."""
    site = site_of(evidence)
    if site is None or site.op not in SUMS:
        return ()
    if not site.is_backward and site.outputs and not any(map(math.isnan, site.outputs)):
        return ()  # -inf + finite
    infinite = [any(map(math.isinf, item.offending)) for item in site.operands]
    if sum(infinite) < (1 if site.op in ("sum", "logaddexp", "kl_div") else 2):
        return ()
    return found_at(site, (CODE, CAUSE), f"{site.op} of two infinities", score=0.9)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("finite_mask", "clamp"))
