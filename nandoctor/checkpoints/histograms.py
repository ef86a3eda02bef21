"""Magnitudes of chosen tensors by powers of two; the scan's statistics stand elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.assembly import parts_of
from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.scanning import Worker
from nandoctor.checkpoints.tasks import tasks_of
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
    with closing(Worker()) as worker:
        return tuple(_histogram(checkpoint.path, handle, worker) for handle in chosen[:MOST])


def _histogram(path: str, handle: TensorHandle, worker: Worker) -> Histogram:
    counts: Counter[int] = Counter()
    num_zero = num_nonfinite = num_stored = 0
    try:
        for values, repeats in _blocks(handle.ref, worker):
            size = np.abs(values[np.isfinite(values)])
            num_stored += repeats * len(values)
            num_nonfinite += repeats * (len(values) - len(size))
            num_zero += repeats * int(np.count_nonzero(size == 0))
            powers = np.frexp(size[size > 0])[1] - 1
            exponents, numbers = np.unique(powers, return_counts=True)
            numbers *= repeats
            counts.update(dict(zip(exponents.tolist(), numbers.tolist(), strict=True)))
    except ValueError as error:
        raise UnreadableInputError(f"{path}: {handle.name}: {error}") from error
    if handle.ref.sparse is not None:
        num_zero += max(0, handle.ref.numel - num_stored)
    ordered = sorted(counts)
    return Histogram(
        handle.name, tuple(ordered), tuple(counts[e] for e in ordered), num_zero, num_nonfinite
    )


def _blocks(ref: TensorRef, worker: Worker) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Yield numbers of a tensor, complex ones by their magnitude, and how often they count."""
    for part in parts_of(ref):
        for task in tasks_of(0, part.ref, exact=False):
            for values in worker.values(task):
                is_complex = task.kind.parts == 2
                size = np.hypot(values[::2], values[1::2]) if is_complex else values
                yield size, task.plan.repeats
