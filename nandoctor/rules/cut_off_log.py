"""Rule: a compressed log that breaks off before its end."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule

CODE, CAUSE = "ND908", "cut_off_log"

DOC = """
## What it does
Reports a compressed log whose archive is cut off or damaged; what stands before is still read.

## Why it matters
The end of a log is where a crash stands: what is missing may be what is looked for.

## Example
```
train.log.gz, copied while the job was still writing it
```

## Use instead
Copy the file again after the job has ended, or flush and close the writer.

## Look-alikes
An archive of several members, or one that is padded with zeros, is whole.

## References
RFC 1952, gzip members; RFC 8878, zstandard frames.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each log whose compressed stream broke off."""
    return tuple(
        Finding(
            CODE, CAUSE, "error", Grade.observed,
            "the compressed log is cut off or damaged: only what stands before was read",
            log.path, evidence=(event.text,), score=0.4, component="other", is_cause=False,
        )
        for log in evidence.logs
        for event in log.events
        if event.kind == "cut_off"
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
