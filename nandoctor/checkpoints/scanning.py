"""What one thread does: blocks are read (never mapped) and measured; the pool stands elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import ElementType, element_type
from nandoctor.checkpoints.fast_kernels import FastKernel, is_fast
from nandoctor.checkpoints.inflate import blocks_of
from nandoctor.checkpoints.kernels import measure_precisely
from nandoctor.checkpoints.meaning import (
    Transform,
    bad_places,
    find_absmax,
    table_of,
    transform_of,
)
from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.positioned import open_sequential, read_into
from nandoctor.checkpoints.small_values import decode
from nandoctor.checkpoints.table_kernel import measure_table
from nandoctor.checkpoints.views import ViewPlan, gather, plan_view

BLOCK = 1 << 19
"""Bytes measured at a time: small enough for the caches, large enough to outweigh the calls."""
_CHUNK = 1 << 25
"""Bytes one task covers; a multiple of every block and element size."""
_MAX_OPEN = 8
_LATER = 1 << 62
"""The place of a largest element that an earlier one equals."""


@dataclass(frozen=True, slots=True)
class Task:
    """Elements ``first`` to ``last``, in reading order, of one dense tensor; else all of it."""

    owner: int
    ref: TensorRef
    kind: ElementType
    plan: ViewPlan
    first: int
    last: int
    exact: bool


def tasks_of(owner: int, ref: TensorRef, exact: bool) -> list[Task]:
    """Split the reading of one strided tensor.

    Raises:
        ValueError: Its description does not fit its storage.
    """
    kind = element_type(ref.dtype)
    if kind is None or ref.data is None or not ref.numel:
        return []
    plan = plan_view(ref, kind)
    step = _CHUNK // kind.size
    if not plan.is_dense or ref.data.packed is not None or plan.count <= step:
        return [Task(owner, ref, kind, plan, 0, plan.count, exact)]
    starts = range(0, plan.count, step)
    return [Task(owner, ref, kind, plan, s, min(s + step, plan.count), exact) for s in starts]


class Worker:
    """One thread's buffers and open files; sharing a descriptor would spoil the read-ahead."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.buffer = np.empty(BLOCK + 64, np.uint8)
        self.fast = FastKernel(BLOCK)

    def close(self) -> None:
        """Close its files."""
        while self.files:
            os.close(self.files.popitem()[1])

    def run(self, task: Task) -> Partial:
        """Measure the elements of a task."""
        whole = Partial()
        transform = transform_of(task.ref)
        table = table_of(task.kind, transform)
        with np.errstate(all="ignore"):
            for place, raw in self._blocks(task):
                part = self._measure(raw, task, table, transform)
                self._locate(part, raw, task, place, whole)
                whole.add(part)
        whole.repeat(task.plan.repeats)
        return whole

    def values(self, task: Task) -> Iterator[NDArray[np.float64]]:
        """Yield the numbers of a task, block by block; repeated elements come once."""
        transform = transform_of(task.ref)
        for _, raw in self._blocks(task):
            table = table_of(task.kind, transform)
            if table is not None:
                yield table[raw]
                continue
            values = decode(raw, task.kind.base, swapped=task.ref.swapped)
            yield values if transform is None else transform(values)

    def _measure(
        self, raw: NDArray[np.uint8], task: Task, table: Any, transform: Transform | None
    ) -> Partial:
        kind = task.kind
        if table is not None:
            return measure_table(raw, kind, table)
        if transform is None and not task.ref.swapped and is_fast(kind.base):
            part = self.fast.measure(raw, kind.base, exact=task.exact)
            if part is not None:
                return part
        return measure_precisely(raw, kind, transform, task.ref.swapped)

    def _locate(
        self, part: Partial, raw: NDArray[np.uint8], task: Task, place: int, whole: Partial
    ) -> None:
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

    def _blocks(self, task: Task) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield (first place in reading order, bytes of whole elements)."""
        data, size = task.ref.data, task.kind.size
        if data is None:
            return
        if data.packed is not None:
            yield from _unpacked(data, task)
        elif task.plan.is_dense:
            per_block = BLOCK // size
            for first in range(task.first, task.last, per_block):
                count = min(per_block, task.last - first)
                yield first, self._read(data, (task.plan.offset + first) * size, count * size)
        else:
            for place, start, sizes in task.plan.boxes(BLOCK // size):
                strides = task.plan.strides[len(task.plan.strides) - len(sizes) :]
                span = 1 + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
                raw = self._read(data, start * size, span * size)
                items = raw.view(f"V{size}")
                yield place, gather(items, sizes, strides).view(np.uint8)

    def _read(self, data: ByteRange, at: int, size: int) -> NDArray[np.uint8]:
        if data.memory is not None:
            return np.frombuffer(data.memory, np.uint8, size, at)
        if size > len(self.buffer):
            self.buffer = np.empty(size, np.uint8)
        into = self.buffer[:size]
        fd = self.files.get(data.path)
        if fd is None:
            if len(self.files) >= _MAX_OPEN:
                os.close(self.files.pop(next(iter(self.files))))
            fd = self.files[data.path] = open_sequential(data.path)
        if read_into(fd, memoryview(into.data), data.start + at) < size:
            raise ValueError("truncated: the file ends before its last element")
        return into


def _unpacked(data: ByteRange, task: Task) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the blocks of a deflated entry, in a stream."""
    size, place, pending = task.kind.size, 0, b""
    unwanted = task.plan.offset * size
    for block in blocks_of(data):
        cut = min(unwanted, len(block))
        pending, unwanted = pending + block[cut:], unwanted - cut
        count = min(len(pending) // size, task.last - place)
        if count:
            yield place, np.frombuffer(pending, np.uint8, count * size)
            place, pending = place + count, pending[count * size :]
    if place < task.last:
        raise ValueError("truncated: its packed data end early")
