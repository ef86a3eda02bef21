"""Rule: a checkpoint of which a part cannot be read."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule

CODE, CAUSE = "ND702", "damaged_checkpoint"

DOC = """
## What it does
Reports each part of a checkpoint that could not be read, with the reason.

## Why it matters
A crash in the middle of a save leaves a truncated file that some loaders read in part, or silently
with garbage.

## Example
```
model-00002-of-00003.safetensors: header says 4.0 GB, the file has 1.1 GB
```

## Use instead
The checkpoint before it. Write to a temporary name and rename; keep two at least.

## Look-alikes
A missing optimizer is `incomplete_checkpoint`.

## References
safetensors format; zip application note.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each damaged part."""
    return tuple(
        Finding(CODE, CAUSE, "error", Grade.observed, f"{part.where}: {part.reason}", facts.path,
                is_cause=False)
        for facts in evidence.checkpoints
        for part in facts.damage[:20]
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
