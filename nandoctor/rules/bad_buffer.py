"""Rule: a buffer that is non-finite, or finite and impossible."""

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule, Severity
from nandoctor.rules.attribution import component_of
from nandoctor.rules.site import replayed
from nandoctor.rules.weights import is_buffer

CODE, CAUSE = "ND402", "bad_buffer"

DOC = """
## What it does
Reports buffers that are non-finite (running statistics, rotary frequencies) or impossible (a
negative running variance), and says whether the step reads them.

## Why it matters
Buffers get no gradient, so nothing repairs them. One Inf batch leaves running_var NaN for good; the
training loss stays fine until the layer runs in eval mode. Non-persistent buffers are not in the
checkpoint at all and hold garbage after a meta-device initialisation.

## Example
```
layer2.0.bn2.running_var: nan            model.rotary_emb.inv_freq: 1.2e+31
```

## Use instead
`module.reset_running_stats()` and a few hundred batches in train mode; recompute `inv_freq` after
`to_empty`; or restore the buffer from a checkpoint in which it is whole.

## Look-alikes
In train mode BatchNorm does not read its running statistics: then it is a note. A NaN parameter is
`bad_parameter`.

## References
pytorch/pytorch#1206; torch.nn.Module.to_empty.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on buffers that the failing step read; note the others."""
    replay = replayed(evidence)
    origin = replay.origin if replay else None
    read, found = "", []
    if replay and origin and replay.phase == "parameters":
        read = (origin.tensor or "") if is_buffer(evidence, origin.tensor or "") else ""
    elif replay and evidence.is_fixed_by("reset_buffer"):
        trial = evidence.trial("reset_buffer")
        message = "with the buffers recomputed the step is finite"
        where = trial.detail if trial else ""
        found.append(_finding(message, where, "error", 0.85, Grade.reproduced))
    if read:
        message = f"{read} is bad and is read by {origin.module if origin else ''}"
        found.append(_finding(message, read, "error", 0.95, Grade.reproduced))
    tensors = evidence.crash.tensors if evidence.crash else ()
    for tensor in tensors:
        problem = _problem(tensor)
        if problem and tensor.name != read:
            severity: Severity = "note" if evidence.replay or not tensor.is_finite else "warning"
            message = f"{tensor.name}: {problem}"
            found.append(_finding(message, tensor.name, severity, 0.4, Grade.observed))
    return tuple(found[:8])


def _problem(tensor: TensorStats) -> str:
    if tensor.role != "buffer":
        return ""
    if not tensor.is_finite:
        return f"{tensor.num_nonfinite} of {tensor.numel} values are non-finite"
    is_variance = tensor.name.rsplit(".", 1)[-1] in ("running_var", "moving_variance")
    if is_variance and tensor.min is not None and tensor.min < 0:
        return f"a variance of {tensor.min:.4g}"
    return ""


def _finding(message: str, where: str, severity: Severity, score: float, grade: Grade) -> Finding:
    return Finding(
        CODE, CAUSE, severity, grade, message, where, score=score, component=component_of(where),
        is_cause=severity == "error",
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("reset_buffer",))
