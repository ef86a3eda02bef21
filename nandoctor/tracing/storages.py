"""Which memory is what: the step's leaves by name, and the storages known to hold bad elements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch.multiprocessing.reductions import StorageWeakRef

LeafKind = Literal["parameter", "buffer", "batch", "state", "constant"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor that stood before the step.

    Args:
        is_bad: It held a NaN or an Inf then.
        infinity: The one infinity that its bad elements are (a mask), None where they are mixed.
    """

    name: str
    kind: LeafKind
    is_bad: bool = False
    infinity: float | None = None


@dataclass(slots=True)
class Stain:
    """A storage that was seen with bad elements, or uninitialised.

    Args:
        writers: Ops that wrote bad elements, oldest first; none: it was only seen uninitialised.
        infinity: It holds an intended infinity of this sign only (a mask), else None.
        leaf: The bad elements were moved here from that leaf, by copies only.
    """

    hold: StorageWeakRef
    writers: list[int] = field(default_factory=list)
    infinity: float | None = None
    leaf: Leaf | None = None


def key_of(tensor: torch.Tensor) -> int | None:
    """Return the identity of a tensor's storage, None where it has none."""
    try:
        return int(_stored(tensor).untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):
        return None  # sparse layouts


def _stored(tensor: torch.Tensor) -> torch.Tensor:
    """Return what holds the elements: of a jagged tensor its values."""
    return tensor.values() if tensor.is_nested and tensor.layout is torch.jagged else tensor


def weak_reference(tensor: torch.Tensor) -> StorageWeakRef:
    """Hold the shell of a tensor's storage, so that its address is not used again."""
    return StorageWeakRef(_stored(tensor).untyped_storage())  # type: ignore[no-untyped-call]


class Leaves:
    """The step's leaves, found by storage and offset (flat parameters share one storage)."""

    def __init__(self) -> None:
        self._spans: dict[int, list[tuple[int, int, Leaf]]] = {}
        self._arrays: list[tuple[int, int, Leaf]] = []
        self.bad: list[tuple[Leaf, torch.Tensor]] = []

    def add(self, leaf: Leaf, tensor: torch.Tensor) -> None:
        """Register a leaf; the first name of shared memory stays."""
        if leaf.is_bad:
            self.bad.append((leaf, tensor))
        key = key_of(tensor)
        if key is not None:
            start = tensor.storage_offset() * tensor.element_size()
            end = start + _span(tensor)
            self._spans.setdefault(key, []).append((int(start), int(end), leaf))

    def add_array(self, leaf: Leaf, tensor: torch.Tensor) -> None:
        """Register a NumPy array: every tensor made of it has a storage of its own."""
        self.add(leaf, tensor)
        start = tensor.data_ptr()
        self._arrays.append((start, start + _span(tensor), leaf))

    def find(self, tensor: torch.Tensor) -> Leaf | None:
        """Return the leaf that a tensor is, or is a view of."""
        key = key_of(tensor)
        spans = self._spans.get(key, ()) if key is not None else ()
        offset = tensor.storage_offset() * tensor.element_size() if spans else 0
        if not spans and self._arrays and key is not None and tensor.is_cpu:
            spans, offset = self._arrays, tensor.data_ptr()
        inside = (leaf for start, end, leaf in spans if start <= offset < max(end, start + 1))
        return next(inside, None)


def _span(tensor: torch.Tensor) -> int:
    tensor = _stored(tensor)
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = sum((size - 1) * stride for size, stride in steps if size)
    return (last + 1) * tensor.element_size()


class Stains:
    """The storages with bad elements.

    Only the storage's shell is held (a weak reference keeps its address from being reused), never
    its data.
    """

    def __init__(self) -> None:
        self._by_key: dict[int, Stain] = {}

    def get(self, tensor: torch.Tensor) -> Stain | None:
        """Return the stain of a tensor's storage."""
        key = key_of(tensor)
        return self._by_key.get(key) if key is not None else None

    def add(self, tensor: torch.Tensor) -> Stain | None:
        """Return the stain of a tensor's storage, a new one where it has none."""
        key = key_of(tensor)
        if key is None:
            return None
        stain = self._by_key.get(key)
        if stain is None:
            stain = Stain(weak_reference(tensor))
            self._by_key[key] = stain
        return stain

    def writers(self, tensors: Iterable[torch.Tensor]) -> tuple[int, ...]:
        """Return the ops that wrote the bad elements of these tensors."""
        found = [stain for stain in map(self.get, tensors) if stain is not None]
        return tuple(dict.fromkeys(op for stain in found for op in stain.writers))
