"""What every format hands over: where tensors lie, the tree that names them, what is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nandoctor.evidence import Damage


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes of a file, not read yet.

    Args:
        size: Bytes that the content has once unpacked.
        packed: Bytes in the file where they are deflated, None where they lie there as they are.
        memory: A buffer with the bytes where no file holds them (then path is only a label).
    """

    path: str
    start: int
    size: int
    packed: int | None = None
    memory: Any = None

    def part(self, start: int, size: int) -> ByteRange:
        """Return a range within this one."""
        if self.memory is not None:
            return replace(self, memory=self.memory[start : start + size], start=0, size=size)
        return replace(self, start=self.start + start, size=size)


@dataclass(frozen=True, slots=True, eq=False)
class TensorRef:
    """A tensor of which only the description was read.

    Args:
        dtype: torch's name without the ``torch.`` (``float32``, ``bfloat16``, ``qint8``, ...).
        strides: In elements; None = contiguous.
        offset: First element within ``data``, in elements.
        data: Where the storage lies; None = nowhere (meta device).
        swapped: The bytes are in the other byte order.
        scale: Scale and zero point of a quantised tensor.
        pieces: Shards (place of the first element, tensor) that make up this tensor together.
        sparse: Layout, indices (one tensor for COO, two for CSR and its kin) and values.
        broken: Why the values cannot be read; empty where they can.
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None
    offset: int = 0
    data: ByteRange | None = None
    swapped: bool = False
    is_parameter: bool = False
    is_negated: bool = False
    is_conjugated: bool = False
    scale: tuple[float, int] | None = None
    pieces: tuple[tuple[tuple[int, ...], TensorRef], ...] = ()
    sparse: tuple[str, tuple[TensorRef, ...], TensorRef] | None = None
    broken: str = ""

    @property
    def numel(self) -> int:
        """Number of elements."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(slots=True)
class Contents:
    """One opened file or directory.

    Args:
        tree: Dicts, lists, scalars, placeholders and TensorRefs, as the file nests them.
        files: Every file that belongs to it.
        hints: Facts that the format knows from elsewhere (``step`` from a directory's name).
    """

    tree: Any
    files: tuple[Path, ...]
    classes: tuple[str, ...] = ()
    dangerous: tuple[str, ...] = ()
    damage: list[Damage] = field(default_factory=list)
    hints: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckpointFormat:
    """One kind of checkpoint.

    Args:
        name: Stable name, in reports.
        sniff: Whether the content of that file or directory is of this kind; reads its first bytes
            (given: at most 4096, empty for a directory) and little more.
        open: Read descriptions, no tensor data.
    """

    name: str
    sniff: Callable[[Path, bytes], bool]
    open: Callable[[Path], Contents]
