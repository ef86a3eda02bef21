"""Rule: a batch whose values are on the wrong scale throughout."""

import math

from nandoctor.evidence import Evidence, ReplayFacts, TensorStats
from nandoctor.findings import Finding, Grade, Rule
from nandoctor.rules.attribution import input_component
from nandoctor.rules.site import replayed

CODE, CAUSE = "ND302", "unnormalised_input"
LARGE = 20.0  # root mean square; normalised inputs have about 1, raw 0-255 pixels about 140

DOC = """
## What it does
Reports a floating-point input whose root mean square is above 20 in a step that failed.

## Why it matters
Initialisation, learning rate and fp16's range all assume inputs of order 1. Raw 0-255 pixels,
timestamps or currencies multiply the first layer's activations and gradients by as much.

## Example
```python
pixel_values = torch.from_numpy(np.array(image)).float()      # 0..255
```

## Use instead
```python
pixel_values = (pixel_values / 255 - mean) / std               # the processor's own constants
t = (t - t0) / scale
```

## Look-alikes
A single huge value is `bad_input`. Integer ids are no input values. A large rms in a run that never
failed is no fault.

## References
torchvision.transforms.Normalize; LeCun et al. 1998, "Efficient backprop".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the failing step's batch is large throughout and the samples are not special."""
    replay = replayed(evidence)
    if replay is None or replay.is_batch_synthetic or replay.phase in ("batch", "parameters"):
        return ()
    large = [item for item in replay.batch if _rms(item) > LARGE and _is_spread(item)]
    if not large:
        return ()
    worst = max(large, key=_rms)
    # A batch with its mean above its spread is shifted as a whole, whichever sample fails first.
    is_shifted = abs(worst.mean or 0.0) > (worst.std or 0.0)
    few = not is_shifted and _is_sample_specific(replay, worst)
    cured = evidence.is_fixed_by("scale_input")
    score = (0.25 if few else 0.6) + (0.38 if cured and not few else 0.0)
    message = (
        f"{worst.name} has an rms of {_rms(worst):.4g} (range {worst.min:.4g} to {worst.max:.4g})"
    )
    against = ("only some samples fail, not the whole batch",) if few else ()
    return (
        Finding(
            CODE, CAUSE, "error", Grade.reproduced, message, worst.name, against=against,
            evidence=("with the input normalised the step is finite",) if cured else (),
            score=score, component=input_component(worst.name),
        ),
    )  # fmt: skip


def _is_sample_specific(replay: ReplayFacts, item: TensorStats) -> bool:
    """Whether no more than half of the rows fail."""
    samples = replay.origin.samples if replay.origin else None
    return bool(samples) and len(samples or ()) <= 0.5 * (item.shape[0] if item.shape else 1)


def _rms(item: TensorStats) -> float:
    if "float" not in item.dtype or item.mean is None or item.std is None:
        return 0.0
    return math.hypot(item.mean, item.std)


def _is_spread(item: TensorStats) -> bool:
    """Whether the size is that of the whole tensor and not of one element."""
    return item.rms_rest is None or item.rms_rest > LARGE


RULE = Rule(CODE, CAUSE, DOC, check, confirmed_by=("scale_input",))
