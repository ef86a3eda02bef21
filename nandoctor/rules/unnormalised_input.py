"""Rule: a batch whose values are on the wrong scale throughout."""

import math

from nandoctor.evidence import Evidence, ReplayFacts, TensorStats
from nandoctor.findings import Finding, Grade, Prescription, Rule
from nandoctor.rules.attribution import input_component
from nandoctor.rules.curve import curve_of
from nandoctor.rules.probing import hard_batch

CODE, CAUSE = "ND302", "unnormalised_input"
LARGE = 20.0  # root mean square; normalised inputs have about 1, raw 0-255 pixels about 140
JUMP = 10.0  # times the run's first batch: the data left its scale
LONG = 100  # rows of sound training on the same scale that clear it

DOC = """
## What it does
Reports a floating-point input whose root mean square is above 20 in a step that failed. Proved
where the values are raw (none negative, or a mean above the spread) and normalising them cures.

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
failed is no fault, nor one on which it trained soundly for long. Shrinking the input cures many
other failures, too.

## References
torchvision.transforms.Normalize; LeCun et al. 1998, "Efficient backprop".
"""


def check(evidence: Evidence) -> tuple[Finding, ...]:
    """Fire where the failing step's batch is large throughout and the samples are not special."""
    replay = evidence.replay
    if replay is None or replay.is_batch_synthetic or replay.phase in ("batch", "parameters"):
        return ()
    large = [item for item in replay.batch if _rms(item) > LARGE and _is_spread(item)]
    if not large:
        return ()
    worst = max(large, key=_rms)
    is_raw = _is_raw(worst)
    if replay.phase is None and not (is_raw and _is_hard(evidence)):
        return ()
    # A batch that is shifted as a whole is to blame whichever of its samples fails first.
    few = not _is_shifted(worst) and _is_sample_specific(replay, worst)
    against = _against(evidence, worst, is_raw, few)
    cured, before = evidence.is_fixed_by("scale_input"), _size_at_start(evidence, worst)
    score = 0.25 if few or _was_survived(evidence, worst) else 0.6
    if score > 0.5 and (cured or (before and before * JUMP < _rms(worst))):
        score = 0.98 if is_raw else 0.75
    lines = ("with the input normalised the step is finite",) if cured else ()
    if before is not None and before * JUMP < _rms(worst):
        lines = (*lines, f"at the start of the run its rms was {before:.4g}")
    message = (
        f"{worst.name} has an rms of {_rms(worst):.4g} (range {worst.min:.4g} to {worst.max:.4g})"
    )
    return (
        Finding(
            CODE, CAUSE, "error", Grade.reproduced, message, worst.name, against=against,
            evidence=lines, score=score, component=input_component(worst.name),
            prescriptions=() if cured and not against else (_advice(worst),),
        ),
    )  # fmt: skip


def _against(evidence: Evidence, item: TensorStats, is_raw: bool, few: bool) -> tuple[str, ...]:
    """Return what speaks against it: smaller inputs cure most failures, whatever their cause."""
    if few:
        return ("only some samples fail, not the whole batch",)
    if _was_survived(evidence, item):
        return ("the run trained soundly on batches of this scale",)
    if not is_raw:
        return ("the values are centred on zero: scaled up rather than raw",)
    return ()


def _is_raw(item: TensorStats) -> bool:
    """Whether values stand as they were measured: none below zero, or the mean above the spread."""
    return (item.min or 0.0) >= 0 or _is_shifted(item)


def _is_shifted(item: TensorStats) -> bool:
    return abs(item.mean or 0.0) > (item.std or 0.0)


def _is_hard(evidence: Evidence) -> bool:
    """Whether the batch gives a loss out of line on the last good weights, too."""
    curve = curve_of(evidence)
    return curve is not None and hard_batch(evidence, curve) is not None


def _size_at_start(evidence: Evidence, item: TensorStats) -> float | None:
    """Return the entry's root mean square in the run's first batch, None where it is not known."""
    return evidence.probes[0].sizes.get(item.name) if evidence.probes else None


def _was_survived(evidence: Evidence, item: TensorStats) -> bool:
    """Whether the run trained for long on batches that were about as large."""
    curve, before = curve_of(evidence), _size_at_start(evidence, item)
    return bool(before and curve and curve.onset >= LONG and before > 0.5 * _rms(item))


def _advice(item: TensorStats) -> Prescription:
    value = f"{item.name}: (x - {item.mean:.4g}) / {item.std:.4g}"
    why = "its own mean and standard deviation in this batch"
    return Prescription("Normalise the input", value, Grade.observed, why)


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
