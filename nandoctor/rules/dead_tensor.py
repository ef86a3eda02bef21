"""Rule: a weight matrix that is constant or all zero."""

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of

CODE, CAUSE = "ND407", "dead_tensor"
ONE_DIMENSIONAL = 1

DOC = """
## What it does
Notes weight matrices whose elements are all equal (mostly all zero).

## Why it matters
A matrix of equal elements has rank one or zero: it passes no information, or its rows never differ.
A key that was missing in a load and stayed at its initial zeros looks so.

## Example
```
language_model.layers.3.mlp.up_proj.weight: all 4096 values are 0
```

## Use instead
Check the log of the load for missing keys, and the initialisation.

## Look-alikes
LoRA's B matrix, zero-initialised residual gates and adapters start at 0 on purpose; vectors
(biases, norm weights) are constant at the start.

## References
torch.nn.Module.load_state_dict (missing_keys); Hu et al. 2021, "LoRA".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Note each such matrix of the crash checkpoint."""
    tensors = evidence.crash.tensors if evidence.crash else ()
    dead = [t for t in tensors if _is_dead(t)]
    return tuple(
        Finding(
            CODE, CAUSE, "note", Grade.observed, f"{t.name}: all {t.numel} values are {t.min:.4g}",
            t.name, component=component_of(t.name), is_cause=False,
        )
        for t in dead[:12]
    )  # fmt: skip


def _is_dead(tensor: TensorStats) -> bool:
    if tensor.role != "parameter" or len(tensor.shape) <= ONE_DIMENSIONAL or tensor.numel < 4:
        return False
    return tensor.is_finite and tensor.min is not None and tensor.min == tensor.max


RULE = Rule(CODE, CAUSE, DOC, check)
