"""What stored elements mean: scales, pending sign flips, tables of values, places in a block."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.dtypes import ElementType, byte_table
from nandoctor.checkpoints.small_values import decode

Transform = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def transform_of(ref: TensorRef) -> Transform | None:
    """Return what turns stored numbers into meant ones: scale, zero point, lazy sign flips."""
    if ref.scale is not None:
        scale, zero = ref.scale
        return lambda values: (values - zero) * scale
    if not (ref.is_negated or ref.is_conjugated):
        return None
    sign = -1.0 if ref.is_negated else 1.0
    is_complex = ref.dtype.startswith("complex")

    def flip(values: NDArray[np.float64]) -> NDArray[np.float64]:
        flipped = values * sign
        if ref.is_conjugated and is_complex:
            flipped[1::2] *= -1.0
        return flipped

    return flip


def table_of(kind: ElementType, transform: Transform | None) -> NDArray[np.float64] | None:
    """Return the meant values of a one-byte dtype, None for wider ones."""
    if kind.family == "opaque":
        return byte_table("uint8")
    if kind.size != 1:
        return None
    table = byte_table(kind.base)
    return table if transform is None else transform(table)


def find_absmax(raw: NDArray[np.uint8], name: str, absmax: float) -> int:
    """Return the first place of the largest magnitude in a block."""
    if name == "float32":
        values = raw.view(np.float32)
        return int(np.argmax((values == absmax) | (values == -absmax)))
    bits = raw.view(np.uint16) & np.uint16(0x7FFF)
    if name == "float16":
        return int(np.argmax(bits == np.float16(absmax).view(np.uint16)))
    return int(np.argmax(bits == np.uint16(np.float32(absmax).view(np.uint32) >> 16)))


def bad_places(raw: NDArray[np.uint8], name: str, swapped: bool) -> NDArray[np.int64]:
    """Return the places of all non-finite numbers in a block."""
    values = decode(raw, name, swapped=swapped)
    return np.flatnonzero(~np.isfinite(values))
