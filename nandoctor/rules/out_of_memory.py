"""Rule: an accelerator that ran out of memory."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND901", "out_of_memory"
KINDS = ("cuda_oom",)

DOC = """
## What it does
Reports the first allocation failure of a job and the rank that met it.

## Why it matters
The job dies at its longest batch, often hours in; the loss curve is innocent.

## Example
```
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.
```

## Use instead
A smaller micro-batch with accumulation, activation checkpointing, sharded optimizer state, a cap on
the sequence length; `PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True` against fragmentation.

## Look-alikes
A host killed by the kernel's OOM killer is `killed`. A caught and retried allocation is no fault.

## References
torch.cuda memory management notes.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "the device ran out of memory")


RULE = Rule(CODE, CAUSE, DOC, check)
