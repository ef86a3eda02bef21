"""Rule: a log line that reports a non-finite number in words."""

from dataclasses import replace

from nandoctor.evidence import Evidence, LogFacts
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
    """Fire on the first line of these kinds in each log; of a log that recovered, as a note."""
    what = "the log itself reports a non-finite number"
    healed = {log.path for log in evidence.logs if _is_healed(log)}
    return tuple(
        replace(found, severity="note") if found.where.rpartition(":")[0] in healed else found
        for found in first_events(evidence, KINDS, CODE, CAUSE, what)
    )


def _is_healed(log: LogFacts) -> bool:
    """Whether the losses went on soundly after each line that speaks of a NaN."""
    if log.pattern is None or log.pattern.outcome != "recovered" or not len(log.history):
        return False
    last = int(log.history.step[-1])
    told = [event.step for event in log.events if event.kind in KINDS]
    return all(step is not None and step < last for step in told)


RULE = Rule(CODE, CAUSE, DOC, check)
