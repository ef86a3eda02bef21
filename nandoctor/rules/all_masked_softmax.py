"""Rule: a softmax over a row in which every position is masked."""

import math

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND104", "all_masked_softmax"
SOFTMAXES = frozenset({"softmax", "log_softmax", "safe_softmax", "masked_softmax", "softmin"})

DOC = """
## What it does
Reports a softmax (or attention) whose row is -inf throughout: exp(-inf)/sum = 0/0 = NaN.

## Why it matters
Left padding under a causal mask, a fully padded sample, a window mask without keys or a text-only
sample in cross-attention leaves query rows with nothing to attend to. The NaN spreads to every
token through the next layers, even if the row itself is ignored by the loss.

## Example
```python
scores = scores.masked_fill(~mask, float("-inf"))   # mask has an all-False row
attention = scores.softmax(-1)
```

## Use instead
```python
scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)   # a uniform row, finite
mask = mask | ~mask.any(-1, keepdim=True)                           # let empty rows see something
F.scaled_dot_product_attention(q, k, v, attn_mask=mask)             # torch >= 2.5: empty row = 0
```

## Look-alikes
Rows that are -inf in part are ordinary masking. A +inf score, or NaN from inf - inf, comes from an
overflow before the softmax: `fp16_overflow`. CPU attention kernels of torch >= 2.5 give 0.

## References
pytorch/pytorch#103749, #133882; huggingface/transformers#27114.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a softmax or fused attention got -inf and nothing above it."""
    site = site_of(evidence)
    if site is None:
        return ()
    is_softmax = site.op in SOFTMAXES
    if not is_softmax and "attention" not in site.op:
        return ()
    offending = [value for item in site.operands for value in item.offending]
    masked = any(item.stats.num_neginf for item in site.operands) or -math.inf in offending
    if any(value != -math.inf for value in offending if is_softmax) or not masked:
        return ()
    message = f"{site.op} over a fully masked row (every score -inf)"
    return found_at(site, (CODE, CAUSE), message, score=0.92 if is_softmax else 0.8)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("finite_mask", "math_attention", "eps"))
