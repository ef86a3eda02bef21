"""The fast pass over float32, bfloat16 and float16 blocks: extremes on the bits, sums in float32.

Sums are taken in float64 where float32 would not do (extreme values, far from zero for the spread)
or where asked to be exact. A block that is small, holds some non-finite elements or one element
that outweighs the rest is handed back to the precise kernel: None is returned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.kernels import dots, limit_of, sums
from nandoctor.checkpoints.partial import Partial

_SMALL = 4096
_TINY, _HUGE = 1e-15, 1e18
_INFINITE = {"float32": 0x7F800000, "bfloat16": 0x7F80, "float16": 0x7C00}
_NORMAL = {"float32": 0x00800000, "bfloat16": 0x0080, "float16": 0x0400}
"""Bits of the smallest normal number: below stand zero and the subnormals."""
_FP16_SCALE = np.float32(2.0**112)


class FastKernel:
    """Scratch memory of one thread and the statistics of one block at a time.

    Args:
        block: Bytes of the largest block.
    """

    def __init__(self, block: int) -> None:
        self.wide = np.empty(block // 2, np.float32)
        # What is counted on the bits is done with before anything is widened.
        self.shifted = self.wide.view(np.uint16)
        self.is_small = np.empty(block // 2, np.bool_)
        self.double = np.empty(0, np.float64)

    def measure(self, raw: NDArray[np.uint8], name: str, *, exact: bool = False) -> Partial | None:
        """Return the statistics of a block, None where it needs the precise kernel."""
        width = 4 if name == "float32" else 2
        count = len(raw) // width
        if count <= _SMALL:
            return None
        unsigned = raw.view(np.uint32 if width == 4 else np.uint16)
        signed = raw.view(np.int32 if width == 4 else np.int16)
        part = Partial(num_finite=count)
        nearest = _extremes(unsigned, signed, name, part)
        if nearest < 0:
            return self._only_nan(unsigned, name)
        part.absmax = max(abs(part.min), abs(part.max))
        if part.absmax >= limit_of(name) or part.absmax == 0:
            return None
        if nearest < _NORMAL[name]:
            self._count_small(unsigned, name, part, has_zeros=nearest == 0)
        values = raw.view(np.float32) if width == 4 else self._widen(raw, name)
        is_plain = _TINY < part.absmax < _HUGE and not exact
        if not is_plain or not _sums(values, part):
            self._sums_in_float64(values, part)
        return part if part.rest >= 0 else None

    def _only_nan(self, unsigned: Any, name: str) -> Partial | None:
        """Return the statistics of a block of nothing but NaN, None for others."""
        shifted = self.shifted.view(unsigned.dtype)[: len(unsigned)]
        np.add(unsigned, unsigned, out=shifted)
        if int(shifted.min()) <= 2 * _INFINITE[name]:
            return None
        return Partial(num_nan=len(unsigned), first_bad=0)

    def _count_small(self, unsigned: Any, name: str, part: Partial, *, has_zeros: bool) -> None:
        """Count zeros of both signs and subnormals."""
        shifted = self.shifted.view(unsigned.dtype)[: len(unsigned)]
        is_small = self.is_small[: len(unsigned)]
        np.add(unsigned, unsigned, out=shifted)
        np.less(shifted, unsigned.dtype.type(2 * _NORMAL[name]), out=is_small)
        if has_zeros:
            part.num_zero = len(unsigned) - int(np.count_nonzero(shifted))
        part.num_subnormal = int(np.count_nonzero(is_small)) - part.num_zero

    def _sums_in_float64(self, values: NDArray[np.float32], part: Partial) -> None:
        """Set mean and sums from float64; ``rest`` is negative where one element outweighs it."""
        if len(self.double) < len(values):
            self.double = np.empty(len(values), np.float64)
        double = self.double[: len(values)]
        np.copyto(double, values)
        square, top = dots(double, double), part.absmax * part.absmax
        part.mean = sums(double) / part.num_finite
        part.rest = square - top if top < 0.01 * square else -1.0
        np.subtract(double, part.mean, out=double)
        part.squares = dots(double, double)

    def _widen(self, raw: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
        """Turn 16-bit floats into float32; those of bfloat16 change their order."""
        if name == "bfloat16":
            return self._widen_pairs(raw)
        wide = self.wide[: len(raw) // 2]
        bits, signed = wide.view(np.uint32), wide.view(np.int32)
        np.copyto(signed, raw.view(np.int16))
        np.left_shift(signed, 13, out=signed)
        np.bitwise_and(bits, np.uint32(0x8FFFE000), out=bits)
        np.multiply(wide, _FP16_SCALE, out=wide)
        return wide

    def _widen_pairs(self, raw: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn bfloat16 into float32, first the low halves of pairs, then the high ones."""
        pairs, is_odd = len(raw) // 4, len(raw) % 4 != 0
        wide = self.wide[: len(raw) // 2]
        bits, source = wide.view(np.uint32), raw[: 4 * pairs].view(np.uint32)
        np.left_shift(source, 16, out=bits[:pairs])
        np.bitwise_and(source, np.uint32(0xFFFF0000), out=bits[pairs : 2 * pairs])
        if is_odd:
            bits[-1] = int(raw[-2:].view(np.uint16)[0]) << 16
        return wide


def _extremes(unsigned: Any, signed: Any, name: str, part: Partial) -> int:
    """Set min and max; return the bits of the smallest magnitude, -1 where not all are finite."""
    sign = 1 << (8 * unsigned.dtype.itemsize - 1)
    infinite = _INFINITE[name]
    high, low = int(signed.max()), int(unsigned.max())
    if high >= infinite or low >= sign + infinite:
        return -1
    # The signs apart: the bits order positive numbers upwards and negative ones downwards.
    positive, negative = int(unsigned.min()), int(signed.min()) + sign
    part.max = _value(high if high >= 0 else sign + negative, name)
    part.min = _value(low if low >= sign else positive, name)
    return min(positive, negative if negative < sign else positive)


def _sums(values: NDArray[np.float32], part: Partial) -> bool:
    """Set mean and sums from float32; return whether that was precise enough."""
    square, top = dots(values, values), part.absmax * part.absmax
    part.mean = sums(values) / part.num_finite
    part.squares = max(0.0, square - part.mean * part.mean * part.num_finite)
    part.rest = square - top
    return top < 0.01 * square and part.mean * part.mean * part.num_finite < 0.9 * square


def _value(bits: int, name: str) -> float:
    if name == "float16":
        return float(np.uint16(bits).view(np.float16))
    return float(np.uint32(bits if name == "float32" else bits << 16).view(np.float32))


def is_fast(name: str) -> bool:
    """Whether the fast pass knows a dtype."""
    return name in ("float32", "bfloat16", "float16") and math.isfinite(limit_of(name))
