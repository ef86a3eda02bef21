"""Rule: a difference that bfloat16's eight bits round away."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.half_precision import half_dtype
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND203", "bf16_precision"

DOC = """
## What it does
Reports a value that leaves an op's domain because bf16 keeps 8 bits: 1 - p = 0 once p > 0.996.

## Why it matters
bf16 has fp32's range and a relative step of 0.8 %. Probabilities next to 1, small differences of
large numbers, long sums and positions above 256 are rounded.

## Example
```python
p = torch.sigmoid(logits.bfloat16())
loss = -((1 - y) * torch.log(1 - p))       # p rounds to 1, log(0)
```

## Use instead
```python
loss = F.binary_cross_entropy_with_logits(logits.float(), y)
```
Keep losses, softmax inputs, position arithmetic and running sums in fp32.

## Look-alikes
What fp32 does not cure is a real zero (`log_of_zero`) or overflow. bf16 does not underflow more
easily than fp16: its smallest normal number is 1.2e-38.

## References
Kalamkar et al. 2019, "A study of bfloat16 for deep learning training".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the site computes in bfloat16 and fp32 or fp64 cures the step."""
    site = site_of(evidence)
    if site is None or half_dtype(evidence, site) != "bfloat16":
        return ()
    cure = next((n for n in ("fp32", "fp32_module", "no_autocast") if evidence.is_fixed_by(n)), "")
    if not cure:
        return ()
    message = f"{site.op} left its domain by bf16's rounding"
    extra = (f"with {cure} the step is finite",)
    return found_at(site, (CODE, CAUSE), message, score=0.95, extra=extra)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("fp32", "fp32_module", "no_autocast"))
