"""Rule: a program that ended in an ordinary exception."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND907", "python_traceback"
KINDS = ("python_traceback",)

DOC = """
## What it does
Reports the last line of a Python traceback that no other rule explains.

## Why it matters
Not every dead run is a numeric fault.

## Example
```
KeyError: 'pixel_values'
```

## Use instead
Read the traceback at the line named.

## Look-alikes
A traceback that is printed and handled may be harmless: check whether steps follow it.

## References
Python documentation, traceback.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on the first line of these kinds in each log."""
    return first_events(evidence, KINDS, CODE, CAUSE, "the program raised")


RULE = Rule(CODE, CAUSE, DOC, check)
