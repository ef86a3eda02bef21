"""Rule: a checkpoint that lacks what a faithful resume needs."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule

CODE, CAUSE = "ND701", "incomplete_checkpoint"

DOC = """
## What it does
Notes what the checkpoint lacks: optimizer, scheduler, scaler, RNG, data position.

## Why it matters
A resume without the optimizer's moments is a cold start at full learning rate; without the data
position some samples are seen twice and some never; without RNG the crash may not reproduce.

## Example
```
lacks scaler, rng
```

## Use instead
Save `model`, `optimizer`, `scheduler`, `scaler`, RNG states of all libraries, step and data
position in one file.

## Look-alikes
A checkpoint for inference needs none of these: a note, never a fault.

## References
torch tutorials, "Saving and loading a general checkpoint".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Note the missing parts of the crash checkpoint."""
    crash = evidence.crash
    if crash is None or not crash.missing:
        return ()
    parts = ", ".join(part.replace("_", " ") for part in crash.missing)
    message = f"a faithful resume lacks: {parts}"
    return (Finding(CODE, CAUSE, "note", Grade.observed, message, crash.path, is_cause=False),)


RULE = Rule(CODE, CAUSE, DOC, check)
