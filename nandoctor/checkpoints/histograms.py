"""Magnitudes of chosen tensors by powers of two; the scan's statistics stand elsewhere."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase

import numpy as np

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.comparing import chunks
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.tensors import TensorBuilder
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Histogram

MOST = 12
"""Tensors that are drawn at the most."""


def histograms(checkpoint: Checkpoint, pattern: str) -> tuple[Histogram, ...]:
    """Return the histograms of the first tensors whose name matches a glob.

    Raises:
        UnreadableInputError: No tensor of that name can be read.
    """
    chosen = [h for h in checkpoint.tensors if fnmatchcase(h.name, pattern) and not h.ref.broken]
    if not chosen:
        raise UnreadableInputError(
            f"{checkpoint.path}: no tensor matches {pattern!r}", hint="--all lists the names"
        )
    return tuple(_histogram(checkpoint.path, handle) for handle in chosen[:MOST])


def _histogram(path: str, handle: TensorHandle) -> Histogram:
    counts: Counter[int] = Counter()
    num_zero = num_nonfinite = 0
    tensor = TensorBuilder(path).tensor(handle.ref, handle.name)
    for chunk in chunks(tensor.abs() if tensor.is_complex() else tensor):
        size = chunk[chunk.isfinite()].abs()
        num_nonfinite += chunk.numel() - size.numel()
        num_zero += int((size == 0).sum())
        powers = size[size > 0].frexp().exponent.numpy() - 1
        exponents, numbers = np.unique(powers, return_counts=True)
        counts.update(dict(zip(exponents.tolist(), numbers.tolist(), strict=True)))
    ordered = sorted(counts)
    return Histogram(
        handle.name, tuple(ordered), tuple(counts[e] for e in ordered), num_zero, num_nonfinite
    )
