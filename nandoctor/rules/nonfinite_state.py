"""Rule: non-finite numbers that a checkpoint keeps beside the model and its optimizer."""

import math
import re
from collections.abc import Iterator

from nandoctor.evidence import CheckpointFacts, Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule, Severity
from nandoctor.rules.attribution import component_of

CODE, CAUSE = "ND409", "nonfinite_state"
MOST = 6
_REPORTED = re.compile(r"(?i)(^|[._])(loss|total_loss|train_loss|grad_norm|gradient_norm)$")
_STARTS_AT_INF = re.compile(r"(?i)best|min|max|lowest|patience")

DOC = """
## What it does
Reports NaN or Inf in what a checkpoint holds besides the model, its gradients and its moments: the
recorded loss or gradient norm, the loss scaler, statistics and tensors that it does not know.

## Why it matters
A recorded loss of NaN says that the checkpoint was saved after the failure. A normaliser's mean of
NaN makes every later batch NaN although all weights are sound.

## Example
```
loss is nan in the checkpoint: it was saved at or after the failure
```

## Use instead
Resume from the checkpoint before it; recompute the statistics over finite data.

## Look-alikes
A running minimum starts at infinity (`best_loss`). Infinity in a mask is meant, and NaN in a stored
batch may be padding that a mask removes: notes, until a replay tells.

## References
torch.amp.GradScaler.state_dict; Keras and Lightning keep best values that start at infinity.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each such number or tensor of the crash checkpoint."""
    crash = evidence.crash
    if crash is None:
        return ()
    found = [*_recorded(crash), *(f for t in crash.tensors if (f := _of_tensor(t)))]
    return tuple(found[:MOST])


def _recorded(crash: CheckpointFacts) -> Iterator[Finding]:
    for name, value in crash.training.config.items():
        if isinstance(value, float) and not math.isfinite(value) and _is_report(name):
            yield _reported(name, str(value))


def _of_tensor(tensor: TensorStats) -> Finding | None:
    if tensor.is_finite or tensor.role not in ("other", "scheduler", "scaler", "batch"):
        return None
    if tensor.numel == 1 and _is_report(tensor.name):
        return _reported(tensor.name, "nan" if tensor.num_nan else "inf")
    message = f"{tensor.name}: {tensor.num_nonfinite} of {tensor.numel} values are non-finite"
    if not tensor.num_nan and _STARTS_AT_INF.search(tensor.name):
        return None
    is_meant = tensor.role == "batch" or (not tensor.num_nan and tensor.role != "scaler")
    return _finding(message, tensor.name, "note" if is_meant else "warning")


def _is_report(name: str) -> bool:
    return bool(_REPORTED.search(name)) and not _STARTS_AT_INF.search(name)


def _reported(name: str, value: str) -> Finding:
    message = f"{name} is {value} in the checkpoint: it was saved at or after the failure"
    return _finding(message, name, "warning")


def _finding(message: str, where: str, severity: Severity) -> Finding:
    return Finding(
        CODE, CAUSE, severity, Grade.observed, message, where, score=0.4,
        component=component_of(where), is_cause=False,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
