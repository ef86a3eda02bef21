"""Rule: a checkpoint that could not be written."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND906", "write_failure"
KINDS = ("checkpoint_write_failure",)

DOC = """
## What it does
Reports failed writes of checkpoints: disk full, quota, broken network file system.

## Why it matters
The file that is left is often truncated, and the one before it may be gone already.

## Example
```
OSError: [Errno 28] No space left on device: 'checkpoint-5000/model.safetensors'
```

## Use instead
Write to a temporary name and rename, keep at least two, check free space before; test what is left
with `nandoctor inspect`.

## Look-alikes
A warning about a slow save is no failure.

## References
PyTorch inline_container write errors.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "a checkpoint could not be written")


RULE = Rule(CODE, CAUSE, DOC, check)
