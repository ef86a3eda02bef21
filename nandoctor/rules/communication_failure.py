"""Rule: a collective operation that failed or timed out."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND902", "communication_failure"
KINDS = ("nccl_timeout",)

DOC = """
## What it does
Reports NCCL, Gloo and watchdog timeouts and which rank spoke first.

## Why it matters
A timeout is mostly the echo of another rank that died or ran another branch: look at the rank that
is *missing* and at the first error in time.

## Example
```
[rank3]: Watchdog caught collective operation timeout
```

## Use instead
Find the first rank's own error; make all ranks run the same collectives (a skipped NaN batch on one
rank hangs the others); raise the timeout only for slow start-ups.

## Look-alikes
A setting such as NCCL_TIMEOUT=1800 is no failure.

## References
torch.distributed, TORCH_NCCL_ASYNC_ERROR_HANDLING.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "a collective failed or timed out")


RULE = Rule(CODE, CAUSE, DOC, check)
