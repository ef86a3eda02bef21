"""Rule: a log line that reports a non-finite number in words."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND608", "nonfinite_reported"
KINDS = ("nonfinite_loss", "nonfinite_grad", "nonfinite_tensor", "anomaly_traceback")

DOC = """
## What it does
Reports lines such as 'Loss is nan, stopping training' and frameworks' non-finite checks.

## Why it matters
Many trainers stop on NaN without ever printing the number in their metric line.

## Example
```
Loss is nan, stopping training
```

## Use instead
Keep the checkpoint and the batch of that step, and run `nandoctor diagnose`.

## Look-alikes
'number of nan iterations: 0' and 'best loss: inf' at the start are no faults.

## References
torchvision and DeiT reference scripts; Megatron-LM.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "the log itself reports a non-finite number")


RULE = Rule(CODE, CAUSE, DOC, check)
