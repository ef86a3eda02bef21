"""Rule: optimizer settings that do not suit the dtype or the schedule."""

import math
from collections.abc import Iterator

from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.optimizer import eps_lost_in_half, param_group

CODE, CAUSE = "ND404", "optimizer_settings"

DOC = """
## What it does
Reports an epsilon that is 0 in the parameters' dtype, and notes a learning rate in the optimizer
that differs from the one recorded for the step.

## Why it matters
Adam's default eps of 1e-8 is 0 in fp16: the first parameter without a gradient divides 0 by 0.
A rate that differs from the schedule's after a resume means that one of them was not restored.

## Example
```python
torch.optim.AdamW(model.half().parameters())        # eps=1e-8
```

## Use instead
fp32 master weights, or `eps=1e-4` for pure fp16.

## Look-alikes
Autocast keeps parameters in fp32: eps 1e-8 is fine there. bf16 holds 1e-8.

## References
afiaka87/glide-finetune#5; torch.optim.Adam (eps).
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each setting that does not suit."""
    return tuple(
        Finding(CODE, CAUSE, severity, Grade.observed, message, where,  # type: ignore[arg-type]
                component="optimizer", is_cause=False)
        for severity, message, where in _problems(evidence)
    )  # fmt: skip


def _problems(evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    crash = evidence.crash
    if crash is None:
        return
    eps = eps_lost_in_half(evidence)
    if eps is not None and not any(t.role == "master" for t in crash.tensors):
        yield "warning", f"eps {eps:g} is 0 in the parameters' float16", "eps"
    rates = param_group(evidence, "lr")
    recorded = crash.training.lr
    if not recorded or not all(map(math.isfinite, (recorded, *rates))):
        return
    if rates and not any(0.99 <= rate / recorded <= 1.01 for rate in rates if rate):
        yield (
            "note",
            f"the optimizer's lr {max(rates):.4g} is not the recorded {recorded:.4g}",
            "lr",
        )


RULE = Rule(CODE, CAUSE, DOC, check)
