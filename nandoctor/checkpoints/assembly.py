"""Tensors that are not one strided block: shards put together, sparse layouts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.small_values import small_array


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A strided block of a tensor.

    Args:
        origin: Place of its first element in the tensor, or its flat index where the tensor was
            flattened before it was cut; None = it is the whole tensor.
        shape: Of the tensor that it is a part of.
    """

    ref: TensorRef
    origin: tuple[int, ...] | None
    shape: tuple[int, ...]

    def placed(self, part: Partial) -> Partial:
        """Return the statistics of this part with indices within the whole tensor."""
        if self.origin is None:
            return part
        return replace(
            part, first_bad=self._global(part.first_bad), absmax_at=self._global(part.absmax_at)
        )

    def _global(self, flat: int) -> int:
        if flat < 0 or self.origin is None or not self.shape:
            return flat
        if len(self.origin) == 1 != len(self.shape):
            return flat + self.origin[0]
        local = np.unravel_index(flat, self.ref.shape)
        place = [int(i) + o for i, o in zip(local, self.origin, strict=True)]
        return int(np.ravel_multi_index(place, self.shape, mode="clip"))


def parts_of(ref: TensorRef) -> list[Part]:
    """Return the strided blocks that a tensor consists of."""
    if ref.sparse is not None:
        return [Part(ref.sparse[2], None, ref.shape)]
    if ref.pieces:
        return [Part(piece, origin, ref.shape) for origin, piece in ref.pieces]
    return [Part(ref, None, ref.shape)]


def finish(ref: TensorRef, whole: Partial) -> None:
    """Account for what a sparse layout does not store, and find its places."""
    if ref.sparse is None:
        return
    _, indices, values = ref.sparse
    whole.first_bad = _sparse_place(ref, indices, values, whole.first_bad)
    whole.absmax_at = _sparse_place(ref, indices, values, whole.absmax_at)
    whole.add_zeros(ref.numel - values.numel)


def _sparse_place(
    ref: TensorRef, indices: tuple[TensorRef, ...], values: TensorRef, flat: int
) -> int:
    """Return the flat index, in the dense tensor, of a stored value; -1 where it cannot be told."""
    if flat < 0 or not ref.sparse:
        return -1
    tables = [small_array(table) for table in indices]
    if any(table is None for table in tables):
        return -1
    entry = int(np.unravel_index(flat, values.shape)[0])
    inner = [int(i) for i in np.unravel_index(flat, values.shape)[1:]]
    layout = ref.sparse[0].rpartition(".")[2]
    if layout == "sparse_coo" and tables[0] is not None:
        place = [int(i) for i in tables[0].reshape(indices[0].shape)[:, entry]] + inner
    elif layout in ("sparse_csr", "sparse_csc") and len(ref.shape) == 2:
        assert tables[0] is not None and tables[1] is not None
        outer = int(np.searchsorted(tables[0], entry, side="right")) - 1
        place = [outer, int(tables[1][entry])]
        place = place if layout == "sparse_csr" else place[::-1]
    else:
        return -1
    inside = len(place) == len(ref.shape) and all(
        0 <= p < s for p, s in zip(place, ref.shape, strict=False)
    )
    return int(np.ravel_multi_index(place, ref.shape)) if inside else -1
