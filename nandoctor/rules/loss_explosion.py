"""Rule: the loss exploded; the fact itself, whatever its cause."""

from nandoctor.evidence import Evidence, Pattern
from nandoctor.findings import Finding, Grade, Rule, Severity

CODE, CAUSE = "ND607", "loss_explosion"
LIKELY = {
    "spike": "a bad sample, an op out of its domain, an overflow or damaged state",
    "exponential": "a learning rate that is too high, missing warm-up or undivided accumulation",
    "oscillating": "a momentum or learning rate at the edge of stability, or corrupt moments",
}

DOC = """
## What it does
Reports that the loss became NaN or Inf, or left its level for good, with pattern and onset.

## Why it matters
It is the fact that all else explains. The pattern narrows the causes: a spike comes from data, an
op or damage; exponential growth and growing oscillation come from the dynamics.

## Example
```
2.1 2.3 2.8 4.5 12.3 89.7 nan        exponential, onset at the third value
```

## Use instead
Run `nandoctor diagnose` on the run directory: with checkpoint and batch the cause can be shown.

## Look-alikes
A spike that heals, a noisy reinforcement-learning loss and a curriculum step are healthy.

## References
The pattern names follow common practice in post-mortems of large runs.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire for every log that ended badly; note one that recovered."""
    found = []
    for log in evidence.logs:
        pattern = log.pattern
        if pattern is None or pattern.pattern == "healthy":
            continue
        ended = pattern.outcome in ("nan", "inf", "diverged", "ongoing")
        severity: Severity = "error" if ended else "note"
        lines = (*pattern.evidence, f"likely: {LIKELY[pattern.pattern]}")
        found.append(
            Finding(CODE, CAUSE, severity, Grade.observed, _message(pattern), log.path,
                    evidence=lines, score=pattern.confidence, is_cause=False)
        )  # fmt: skip
    return tuple(found)


def _message(pattern: Pattern) -> str:
    onset = "" if pattern.onset_step is None else f" from step {pattern.onset_step}"
    if pattern.outcome == "recovered":
        return f"{pattern.pattern}{onset}, recovered"
    first = pattern.first_nonfinite_step
    if first is not None and pattern.onset_step is not None and first < pattern.onset_step:
        return f"{pattern.pattern}, non-finite at step {first}, for good{onset}"
    if first is not None:
        return f"{pattern.pattern}{onset}, non-finite at step {first}"
    return f"{pattern.pattern}{onset}, {pattern.outcome}"


RULE = Rule(CODE, CAUSE, DOC, check)
