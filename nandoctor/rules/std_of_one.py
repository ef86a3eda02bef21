"""Rule: the unbiased standard deviation or variance of a single element."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND112", "std_of_one"
SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})

DOC = """
## What it does
Reports `std` or `var` over one element with Bessel's correction: 0/0 = NaN.

## Why it matters
torch divides by n - 1 by default. The last batch of an epoch with one sample, a clip with one
frame, or a group of one in GRPO has n = 1.

## Example
```python
x = (x - x.mean(0)) / x.std(0)         # one row: nan
```

## Use instead
```python
x.std(0, correction=0)                 # population std: 0, then add an eps
```
or skip groups of one (`drop_last=True`).

## Look-alikes
A zero spread over several elements is `zero_variance_norm`. An empty tensor is `empty_reduction`.

## References
torch.std (correction); facebookresearch/fairseq#1863.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a forward std or var of finite, existing input gave NaN."""
    site = site_of(evidence)
    if site is None or site.is_backward or site.op not in SPREADS:
        return ()
    if any(item.stats.numel == 0 for item in site.operands):
        return ()
    message = f"{site.op} with Bessel's correction over a single element"
    return found_at(site, (CODE, CAUSE), message, score=0.93)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("correction0",))
