"""What one thread does with the blocks of a task; reading them and the pool stand elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.block_reading import BLOCK, PIECE, BlockReader
from nandoctor.checkpoints.fast_kernels import FastKernel, is_fast
from nandoctor.checkpoints.kernels import measure_precisely
from nandoctor.checkpoints.meaning import (
    Transform,
    bad_places,
    find_absmax,
    table_of,
    transform_of,
)
from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.small_values import decode
from nandoctor.checkpoints.table_kernel import measure_table
from nandoctor.checkpoints.tasks import Task

_LATER = 1 << 62
"""The place of a largest element that an earlier one equals."""


class Worker:
    """One thread's files and scratch memory."""

    def __init__(self) -> None:
        self.reader = BlockReader()
        self.fast = FastKernel(BLOCK)

    def close(self) -> None:
        """Close its files."""
        self.reader.close()

    def run(self, task: Task) -> Partial:
        """Measure the elements of a task."""
        whole = Partial()
        transform = transform_of(task.ref)
        table = table_of(task.kind, transform)
        with np.errstate(all="ignore"):
            for place, raw in self.reader.blocks(task):
                fast = self._fast(raw, task, transform) if table is None else None
                if fast is not None:
                    _add(fast, raw, task, place, whole)
                    continue
                for start in range(0, len(raw), PIECE):
                    piece = raw[start : start + PIECE]
                    part = _precise(piece, task, table, transform)
                    _add(part, piece, task, place + start // task.kind.size, whole)
        whole.repeat(task.plan.repeats)
        return whole

    def values(self, task: Task) -> Iterator[NDArray[np.float64]]:
        """Yield the numbers of a task, block by block; repeated elements come once."""
        transform = transform_of(task.ref)
        for _, raw in self.reader.blocks(task):
            table = table_of(task.kind, transform)
            if table is not None:
                yield table[raw]
                continue
            values = decode(raw, task.kind.base, swapped=task.ref.swapped)
            yield values if transform is None else transform(values)

    def _fast(
        self, raw: NDArray[np.uint8], task: Task, transform: Transform | None
    ) -> Partial | None:
        if transform is not None or task.ref.swapped or not is_fast(task.kind.base):
            return None
        return self.fast.measure(raw, task.kind.base, exact=task.exact)


def _add(part: Partial, raw: NDArray[np.uint8], task: Task, place: int, whole: Partial) -> None:
    _locate(part, raw, task, place, whole)
    whole.add(part)


def _precise(
    raw: NDArray[np.uint8], task: Task, table: Any, transform: Transform | None
) -> Partial:
    if table is not None:
        return measure_table(raw, task.kind, table)
    return measure_precisely(raw, task.kind, transform, task.ref.swapped)


def _locate(part: Partial, raw: NDArray[np.uint8], task: Task, place: int, whole: Partial) -> None:
    """Turn places within the block into logical indices, where they will be kept."""
    plan, parts = task.plan, task.kind.parts
    if part.first_bad >= 0:
        places = np.array([part.first_bad]) // parts
        if plan.axes != tuple(sorted(plan.axes)):
            places = bad_places(raw, task.kind.base, task.ref.swapped) // parts
        part.first_bad = int(plan.logical(places + place).min())
    if not part.num_finite or part.absmax <= whole.absmax:
        part.absmax_at = _LATER
        return
    if part.absmax_at < 0:
        part.absmax_at = find_absmax(raw, task.kind.base, part.absmax)
    at = np.array([part.absmax_at // parts + place])
    part.absmax_at = int(plan.logical(at)[0])
