"""Were the data looked at: range and finiteness of what the model is fed; nothing of the labels."""

from __future__ import annotations

import re

from nandoctor.checklist.verdict import Verdict
from nandoctor.evidence import Evidence, TensorStats

CHANNELS = (1, 3, 4)
LARGEST = 20.0
"""No usual normalisation gives more; raw pixels go to 255."""


def inputs_normalised(evidence: Evidence) -> Verdict:
    """The images of the batch lie within ±20; boxes, targets and features say nothing."""
    replay = evidence.replay
    if replay is None or not replay.batch or replay.is_batch_synthetic:
        return None, "no batch was saved"
    images = [t for t in replay.batch if is_image(t) and t.absmax is not None]
    if not images:
        return None, "the batch holds no floating-point images"
    worst = max(images, key=lambda t: t.absmax or 0.0)
    fact = f"{worst.name} spans {worst.min:.4g} to {worst.max:.4g}"
    return (worst.absmax or 0.0) <= LARGEST, fact


def data_ignored(evidence: Evidence) -> Verdict:
    """Images in the wrong range, or a batch with NaN or Inf in it, were fed."""
    replay = evidence.replay
    if replay is not None and not replay.is_batch_synthetic and replay.phase is not None:
        bad = next((t for t in replay.batch if t.num_nan or t.num_posinf), None)
        if bad is not None:
            return True, f"{bad.name} holds {bad.num_nonfinite} non-finite values"
    normalised, fact = inputs_normalised(evidence)
    return None if normalised is None else not normalised, fact


def is_image(tensor: TensorStats) -> bool:
    """Whether an entry of a batch is floating-point images by its name or shape."""
    if not tensor.dtype.startswith(("float", "bfloat")) or len(tensor.shape) < 3:
        return False
    if re.search(r"pixel|image|img|frame|video", tensor.name, re.IGNORECASE):
        return True
    by_channel = len(tensor.shape) == 4 and {tensor.shape[1], tensor.shape[3]} & set(CHANNELS)
    return bool(by_channel) and min(sorted(tensor.shape[1:])[1:]) >= 8
