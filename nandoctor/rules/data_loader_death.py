"""Rule: a data loader worker that died."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND905", "data_loader_death"
KINDS = ("dataloader_death",)

DOC = """
## What it does
Reports DataLoader workers that were killed, crashed or timed out.

## Why it matters
The traceback of the main process tells only that a worker is gone; the reason is a line above it:
shared memory, host memory or a corrupt sample.

## Example
```
RuntimeError: DataLoader worker (pid 123) is killed by signal: Bus error.
```

## Use instead
More shared memory (`--shm-size`), fewer workers, `num_workers=0` to see the worker's own traceback.

## Look-alikes
A worker that restarts at the end of an epoch is no failure.

## References
torch.utils.data, multi-process data loading.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "a data loader worker died")


RULE = Rule(CODE, CAUSE, DOC, check)
