"""How a strided view lies in its storage: the order to read it in, and the way back to logical
coordinates; reads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.dtypes import ElementType


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A view with its dimensions sorted from far apart to close together.

    Elements that a stride of 0 repeats appear once; ``repeats`` says how often they count.

    Args:
        axes: Which logical dimension each sorted one is.
        sizes: Of the sorted dimensions.
        strides: Of the sorted dimensions, in elements.
        is_dense: The elements lie side by side.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    repeats: int
    is_dense: bool

    @property
    def count(self) -> int:
        """Elements to read."""
        return _product(self.sizes)

    def logical(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return logical flat indices of places in reading order."""
        if self.axes == tuple(sorted(self.axes)) and self.repeats == 1:
            return places
        flat = np.zeros(len(places), np.int64)
        if not self.sizes:
            return flat
        coordinates = np.unravel_index(places, self.sizes)
        weights = _weights(self.shape)
        for axis, along in zip(self.axes, coordinates, strict=True):
            flat += along * weights[axis]
        return flat

    def boxes(self, limit: int) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Yield (first place, first element in the storage, sizes) of parts that span few elements.

        Args:
            limit: Elements that a part may span in the storage.
        """
        sizes, strides = self.sizes, self.strides
        if not sizes:
            yield 0, self.offset, ()
            return
        inner = len(sizes) - 1
        while inner > 0 and _span(sizes[inner:], strides[inner:]) <= limit:
            inner -= 1
        below = _span(sizes[inner + 1 :], strides[inner + 1 :])
        rows = max(1, min(sizes[inner], (limit - below) // strides[inner] + 1))
        volume = _product(sizes[inner + 1 :])
        place = 0
        for outer in product(*(range(size) for size in sizes[:inner])):
            base = self.offset + sum(o * s for o, s in zip(outer, strides, strict=False))
            for row in range(0, sizes[inner], rows):
                here = min(rows, sizes[inner] - row)
                yield place, base + row * strides[inner], (here, *sizes[inner + 1 :])
                place += here * volume


def plan_view(ref: TensorRef, kind: ElementType) -> ViewPlan:
    """Plan the reading of a tensor.

    Raises:
        ValueError: It reaches outside of its storage, or repeats it absurdly often.
    """
    strides = ref.strides if ref.strides is not None else _weights(ref.shape)
    if len(strides) != len(ref.shape):
        raise ValueError("it has more sizes than strides")
    dims = [(t, s, a) for a, (s, t) in enumerate(zip(ref.shape, strides, strict=True)) if s != 1]
    repeats = _product(tuple(size for stride, size, _ in dims if stride == 0))
    dims = sorted((d for d in dims if d[0] != 0), key=lambda d: (-d[0], d[2]))
    sizes = tuple(size for _, size, _ in dims)
    steps = tuple(stride for stride, _, _ in dims)
    available = (ref.data.size if ref.data else 0) // kind.size
    if ref.numel and ref.offset + _span(sizes, steps) > available:
        raise ValueError(
            f"wrong size: it needs {(ref.offset + _span(sizes, steps)) * kind.size} bytes of a "
            f"storage of {available * kind.size}"
        )
    if ref.numel and _product(sizes) > 16 * available + 64:
        raise ValueError("its strides read every byte of the storage many times")
    axes = tuple(axis for _, _, axis in dims)
    is_dense = steps == _weights(sizes)
    return ViewPlan(ref.shape, axes, sizes, steps, ref.offset, repeats, is_dense)


def gather(span: NDArray[Any], sizes: tuple[int, ...], strides: tuple[int, ...]) -> NDArray[Any]:
    """Return the elements of a part, side by side in reading order."""
    steps = tuple(stride * span.itemsize for stride in strides)
    view = np.lib.stride_tricks.as_strided(span, sizes, steps, writeable=False)
    return np.ascontiguousarray(view).reshape(-1)


def _span(sizes: tuple[int, ...], strides: tuple[int, ...]) -> int:
    return 1 + sum((size - 1) * step for size, step in zip(sizes, strides, strict=True))


def _weights(shape: tuple[int, ...]) -> tuple[int, ...]:
    weights = [1] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        weights[axis] = weights[axis + 1] * shape[axis + 1]
    return tuple(weights)


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total
