"""Rule: a process that was killed from outside."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND903", "killed"
KINDS = ("killed", "preempted")

DOC = """
## What it does
Reports the kernel's OOM killer, scheduler limits, preemption and signals.

## Why it matters
Nothing in the training is wrong; without a recent checkpoint the work since is lost.

## Example
```
slurmstepd: error: *** JOB 4242 CANCELLED DUE TO TIME LIMIT ***
```

## Use instead
Save on SIGTERM, checkpoint more often than the preemption interval, give the host more memory or
fewer loader workers.

## Look-alikes
A message that names SIGTERM handling at start is no kill.

## References
Slurm, signal handling of torchrun.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "the process was killed from outside")


RULE = Rule(CODE, CAUSE, DOC, check)
