"""Rule: a checkpoint that would run code when unpickled."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule

CODE, CAUSE = "ND703", "dangerous_pickle"

DOC = """
## What it does
Reports globals in a pickle that execute something when loaded (os.system, eval, subprocess, ...).

## Why it matters
`torch.load(weights_only=False)` on such a file runs it with your rights. nandoctor itself never
resolves them.

## Example
```
posix.system
```

## Use instead
Do not load it. Get the file from its author again, as safetensors.

## Look-alikes
Unknown classes of a training framework (argparse.Namespace, omegaconf) are listed, not dangerous.

## References
Python documentation of pickle, its warning; picklescan; fickling.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each file that names dangerous globals."""
    return tuple(
        Finding(CODE, CAUSE, "error", Grade.observed,
                f"would run code when unpickled: {', '.join(facts.dangerous[:8])}", facts.path,
                is_cause=False)
        for facts in evidence.checkpoints
        if facts.dangerous
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
