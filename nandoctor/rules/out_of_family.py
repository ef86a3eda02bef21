"""Rule: a weight matrix far larger or smaller than the same matrix of the other layers."""

import statistics

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of
from nandoctor.rules.families import families_of, gain, rms, starts_at_zero

CODE, CAUSE = "ND408", "out_of_family"
LEAST, FAR, LOUD = 4, 30.0, 30.0
"""Layers that make a family; factor from its median; gain that no initialisation gives."""

DOC = """
## What it does
Compares the root mean square of each weight matrix with that of the same matrix in the other
layers, and reports one that is 30 times off. It is a warning where the matrix also amplifies noise
by more than 30 (rms x sqrt(fan-in)), a note otherwise.

## Why it matters
A merge with the wrong factor, a conversion that took the wrong scale, a layer that a bad step hit
alone: every element is finite, none stands out from its tensor, and the whole layer is wrong.

## Example
```
layers.7.mlp.fc2.weight: rms 4.1 is 205 times the median of the same weight in 12 layers (0.02)
```

## Use instead
Restore the tensor from an earlier checkpoint, or redo the merge or conversion that wrote it.

## Look-alikes
Initialisation scaled with depth differs by far less. Tensors that start at zero (LoRA's B, gates)
differ widely between layers and stay small: at most a note. Biases and norm weights differ by
orders of magnitude in sound models and are not compared, nor are layers of different shape. Where
more than a quarter of the layers are off, they are no exception: `learning_rate_too_high`.

## References
He et al. 2015, "Delving deep into rectifiers" (the scale of a layer); Zhang et al. 2019, "Fixup".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each such matrix of the crash checkpoint, the farthest first."""
    tensors = evidence.crash.tensors if evidence.crash else ()
    found = [item for family in families_of(tensors) for item in _outliers(family)]
    return tuple(finding for _, finding in sorted(found, key=lambda item: -item[0])[:12])


def _outliers(family: list[TensorStats]) -> list[tuple[float, Finding]]:
    sizes = [size for tensor in family if (size := rms(tensor)) > 0]
    if len(sizes) < LEAST or all(map(starts_at_zero, family)):
        return []
    median = statistics.median(sizes)
    far = [t for t in family if rms(t) > 0 and not 1 / FAR < rms(t) / median < FAR]
    if 4 * len(far) > len(sizes):
        return []
    return [_outlier(tensor, median, len(family)) for tensor in far]


def _outlier(tensor: TensorStats, median: float, layers: int) -> tuple[float, Finding]:
    size = rms(tensor)
    factor = size / median
    times = f"{factor:.3g} times" if factor > 1 else f"1/{1 / factor:.3g} of"
    message = (f"{tensor.name}: rms {size:.3g} is {times} the median of the same weight in "
               f"{layers} layers ({median:.3g})")  # fmt: skip
    is_loud = factor > 1 and gain(tensor) > LOUD
    return max(factor, 1 / factor), Finding(
        CODE, CAUSE, "warning" if is_loud else "note", Grade.observed, message, tensor.name,
        score=0.6, component=component_of(tensor.name), is_cause=False,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
