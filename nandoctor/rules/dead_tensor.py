"""Rule: a weight matrix that is constant or all zero."""

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of
from nandoctor.rules.families import families_of, is_matrix, starts_at_zero

CODE, CAUSE = "ND407", "dead_tensor"

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
LoRA's B matrix is zero at the start on purpose, as is a matrix that is zero in every layer (gates,
adapters); vectors (biases, norm weights) are constant at the start.

## References
torch.nn.Module.load_state_dict (missing_keys); Hu et al. 2021, "LoRA".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Note each such matrix of the crash checkpoint."""
    tensors = evidence.crash.tensors if evidence.crash else ()
    dead = [t for t in tensors if _is_dead(t)]
    same = [group for group in families_of(tensors) if len(group) > 1 and all(map(_is_dead, group))]
    meant = {tensor.name for group in same for tensor in group}
    dead = [t for t in dead if t.name not in meant and not starts_at_zero(t)]
    return tuple(
        Finding(
            CODE, CAUSE, "note", Grade.observed, f"{t.name}: all {t.numel} values are {t.min:.4g}",
            t.name, component=component_of(t.name), is_cause=False,
        )
        for t in dead[:12]
    )  # fmt: skip


def _is_dead(tensor: TensorStats) -> bool:
    if not is_matrix(tensor):
        return False
    return tensor.is_finite and tensor.min is not None and tensor.min == tensor.max


RULE = Rule(CODE, CAUSE, DOC, check)
