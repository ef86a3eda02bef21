"""Rule: an accelerator that reported an error of its own."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND904", "device_failure"
KINDS = ("device_assert", "illegal_access", "ecc_xid")

DOC = """
## What it does
Reports device-side asserts, illegal accesses and ECC or Xid errors.

## Why it matters
A device-side assert is nearly always an index out of range (a label, a token id); ECC and Xid
errors are hardware, and a hardware fault can also flip bits silently.

## Example
```
NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.
```

## Use instead
Asserts: run once with CUDA_LAUNCH_BLOCKING=1, or on the CPU, and check ids against the vocabulary.
ECC and Xid: drain the node, and check the last checkpoint with `nandoctor inspect`.

## Look-alikes
Counters that print 0 ECC errors are no failure.

## References
NVIDIA Xid errors catalogue.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "the device reported an error")


RULE = Rule(CODE, CAUSE, DOC, check)
