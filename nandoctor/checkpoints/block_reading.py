"""The bytes of a task, block by block: read, never mapped, views gathered, entries inflated."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.inflate import blocks_of
from nandoctor.checkpoints.positioned import open_sequential, read_into
from nandoctor.checkpoints.tasks import Task
from nandoctor.checkpoints.views import gather

BLOCK = 1 << 21
"""Bytes measured at a time: threads hand over the interpreter at every call, so few, long ones."""
PIECE = 1 << 19
"""Bytes gathered or measured precisely at a time, which takes many times their memory."""
_MAX_OPEN = 8


class BlockReader:
    """One thread's buffer and open files; sharing a descriptor would spoil the read-ahead."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.buffer = np.empty(BLOCK + 64, np.uint8)

    def close(self) -> None:
        """Close its files."""
        while self.files:
            os.close(self.files.popitem()[1])

    def blocks(self, task: Task) -> Iterator[tuple[int, NDArray[np.uint8]]]:
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
            for place, start, sizes in task.plan.boxes(PIECE // size):
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
