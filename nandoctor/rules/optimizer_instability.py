"""Rule: optimizer settings that diverge at any learning rate."""

from collections.abc import Iterator

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.curve import curve_of
from nandoctor.rules.optimizer import param_group

CODE, CAUSE = "ND604", "optimizer_instability"

DOC = """
## What it does
Reports a momentum or beta of 1 or more, a negative weight decay, and the trace that they leave in
the weights.

## Why it matters
With momentum 1.02 every past gradient grows by 2 % a step: the run looks fine for a few hundred
steps, then swings with growing amplitude. A negative weight decay (a sign error, a wrong argument
order) multiplies the weights by 1 + lr |wd| each step.

## Example
```python
torch.optim.SGD(params, lr=0.01, momentum=1.02)
torch.optim.AdamW(params, lr=2e-3, weight_decay=-8.0)
```

## Use instead
Momentum 0.9 to 0.99, betas (0.9, 0.95 to 0.999), weight decay >= 0.

## Look-alikes
The same curves at sound settings are `learning_rate_too_high`. Moments that contradict each other
are `optimizer_state`.

## References
Polyak 1964; Loshchilov and Hutter 2019, "Decoupled weight decay regularization".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on settings outside their domain; an error where the run exploded, else a warning."""
    exploded = curve_of(evidence) is not None or (
        evidence.replay is not None and evidence.replay.phase is not None
    )
    found = []
    for name, value, sound in _unsound(evidence):
        message = f"{name} is {value:g}; a sound value is {sound}"
        found.append(
            Finding(
                CODE, CAUSE, "error" if exploded else "warning", Grade.observed, message, name,
                score=0.97, component="optimizer",
                prescriptions=(Prescription(f"Set {name}", f"{value:g} → {sound}", Grade.observed,
                                            "outside its domain: diverges at any rate"),),
            )
        )  # fmt: skip
    return tuple(found)


def _unsound(evidence: Evidence) -> Iterator[tuple[str, float, str]]:
    for value in sorted(set(param_group(evidence, "momentum"))):
        if value >= 1:
            yield "momentum", value, "0.9"
    for value in sorted(set(param_group(evidence, "weight_decay"))):
        if value < 0:
            yield "weight_decay", value, f"{min(abs(value), 0.1):g}"
    groups = evidence.crash.training.param_groups if evidence.crash else ()
    betas = {b for g in groups if isinstance(b := g.get("betas"), (list, tuple))}
    for pair in betas:
        for index, sound in ((0, "0.9"), (1, "0.999")):
            if index < len(pair) and not 0 <= float(pair[index]) < 1:
                yield f"betas[{index}]", float(pair[index]), sound


RULE = Rule(CODE, CAUSE, DOC, check)
