"""Rule: a log that hides its NaN."""

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.events import first_events

CODE, CAUSE = "ND606", "hidden_nan"

DOC = """
## What it does
Reports a loss that is frozen, or exactly 0, while the gradient norm is NaN, and counters of skipped
or NaN steps that grow.

## Why it matters
Some trainers replace a NaN loss by the running average in the log
(`logging_nan_inf_filter=True` is a default): the curve looks calm and the model is dead.

## Example
```
{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1.2e-05}
```

## Use instead
`TrainingArguments(logging_nan_inf_filter=False)`, and stop at the first non-finite gradient norm.

## Look-alikes
A GradScaler run logs inf gradient norms now and then while the loss moves: healthy.

## References
huggingface/trl#6702; transformers TrainingArguments.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where a log's pattern says that a NaN was hidden."""
    found = []
    for log in evidence.logs:
        step = log.pattern.hidden_nan_step if log.pattern else None
        if step is not None:
            message = f"the log hides a NaN from step {step} on"
            advice = Prescription("Log the raw loss", "logging_nan_inf_filter=False",
                                  why="the curve after this step is no measurement")  # fmt: skip
            found.append(
                Finding(CODE, CAUSE, "error", Grade.observed, message, log.path, score=0.5,
                        component="other", prescriptions=(advice,))
            )  # fmt: skip
    if found:
        return tuple(found)
    return first_events(evidence, ("hidden_nan",), CODE, CAUSE, "a logged loss hides a NaN")


RULE = Rule(CODE, CAUSE, DOC, check)
