"""Rule: a CTC target that is longer than its input allows."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.found_at import found_at
from nandoctor.rules.site import site_of

CODE, CAUSE = "ND108", "ctc_infeasible"

DOC = """
## What it does
Reports a CTC loss that is infinite because no alignment exists.

## Why it matters
CTC needs at least one frame a label, plus one blank between equal neighbours. After subsampling, a
short clip with a long transcript has fewer; the loss is +inf and its gradient NaN.

## Example
```python
F.ctc_loss(log_probs, targets, input_lengths, target_lengths)    # input_lengths < target_lengths
```

## Use instead
```python
F.ctc_loss(..., zero_infinity=True)     # drops such samples from loss and gradient
```
and count how many there are: many mean a wrong subsampling factor or wrong transcripts.

## Look-alikes
With `zero_infinity=True` an infeasible target is no fault. A NaN loss (not inf) comes from NaN
log-probabilities, whose origin lies earlier.

## References
torch.nn.CTCLoss; wenet-e2e/wenet#2299; Graves et al. 2006.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the op is a CTC loss."""
    site = site_of(evidence)
    if site is None or "ctc_loss" not in site.op:
        return ()
    message = "no alignment exists: the CTC target is longer than the input allows"
    return found_at(site, (CODE, CAUSE), message, score=0.95)


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("zero_infinity",))
