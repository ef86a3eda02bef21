"""Rule: stored values at, or beyond, what the training dtype holds."""

import math

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import component_of
from nandoctor.rules.site import short

CODE, CAUSE = "ND205", "dtype_headroom"
LIMITS = {"float16": 65504.0, "float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}
TRAINED = {"fp16": 65504.0, "fp16_amp": 65504.0}

DOC = """
## What it does
Reports weights that the training dtype cannot hold, and those within two bits of its maximum.

## Why it matters
Autocast casts weights to fp16 at each use: a weight of 70,000 in the fp32 checkpoint is Inf there.
A value within a factor 4 of 65,504 leaves no room for a sum.

## Example
```
language_model.norm.weight: 71234 does not fit float16 (65504)
```

## Use instead
Train in bf16, rescale the tensor with its neighbours, or keep that module in fp32.

## Look-alikes
Optimizer moments and master weights stay in fp32 and are not cast.

## References
IEEE 754-2019 binary16; OCP 8-bit floating point specification.
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire on each weight near or beyond the limit of the training dtype."""
    crash = evidence.crash
    if crash is None:
        return ()
    trained = TRAINED.get(crash.training.precision or "", math.inf)
    found = [_finding(t, min(trained, LIMITS.get(short(t.dtype), math.inf)))
             for t in crash.tensors if t.role == "parameter"]  # fmt: skip
    return tuple(item for item in found if item)[:12]


def _finding(tensor: TensorStats, limit: float) -> Finding | None:
    peak = tensor.absmax
    if peak is None or peak * 4 < limit:
        return None
    beyond = peak > limit
    what = "does not fit" if beyond else f"is {math.log2(limit / peak):.1f} bits below"
    message = f"{tensor.name}: {peak:.6g} {what} the dtype's maximum of {limit:g}"
    return Finding(
        CODE, CAUSE, "warning" if beyond else "note", Grade.observed, message, tensor.name,
        component=component_of(tensor.name), is_cause=False,
    )  # fmt: skip


RULE = Rule(CODE, CAUSE, DOC, check)
