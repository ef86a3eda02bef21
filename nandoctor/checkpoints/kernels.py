"""Statistics of one block of raw bytes that fits the cache; knows no files and no views."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.dtypes import ElementType, smallest_normal
from nandoctor.checkpoints.partial import Partial
from nandoctor.checkpoints.small_values import decode

Index = Callable[[NDArray[np.int64]], NDArray[np.int64]]
Bytes = NDArray[np.uint8]
_PIECE = 2048
"""Elements of one float32 dot product: short enough that rounding stays below 1e-6."""


def dots(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Return the dot product, summed in float64 over short pieces."""
    whole = len(left) // _PIECE * _PIECE
    total = 0.0
    if whole:
        rows = left[:whole].reshape(-1, 1, _PIECE)
        columns = right[:whole].reshape(-1, _PIECE, 1)
        total = float(np.matmul(rows, columns).sum(dtype=np.float64))
    if whole < len(left):
        total += float(np.dot(left[whole:], right[whole:]))
    return total


_ONES = {kind: np.ones(1, kind) for kind in (np.float32, np.float64)}


def sums(values: NDArray[Any]) -> float:
    """Return the sum, over short pieces (a dot product with ones is the fastest sum there is)."""
    whole = len(values) // _PIECE * _PIECE
    total = 0.0
    if whole:
        ones = _ones(values.dtype.type)
        rows = values[:whole].reshape(-1, 1, _PIECE)
        total = float(np.matmul(rows, ones).sum(dtype=np.float64))
    if whole < len(values):
        total += float(values[whole:].sum(dtype=np.float64))
    return total


def _ones(kind: Any) -> NDArray[Any]:
    if _ONES[kind].size == 1:
        _ONES[kind] = np.ones((_PIECE, 1), kind)
    return _ONES[kind]


def measure_float64(values: NDArray[np.float64], part: Partial, name: str) -> None:
    """Fill in sums and extremes from finite values, precisely; counts are the caller's."""
    low, high = float(values.min()), float(values.max())
    part.num_finite, part.min, part.max = len(values), low, high
    top = int(np.argmin(values)) if -low > high else int(np.argmax(values))
    if -low == high:
        top = int(np.argmax(np.abs(values)))
    part.absmax, part.absmax_at = max(abs(low), abs(high)), top
    if not 1e-140 < part.absmax < 1e150 and part.absmax:
        part.exponent = math.frexp(part.absmax)[1]
        with np.errstate(under="ignore"):
            values = np.ldexp(values, -part.exponent)
    part.mean = sums(values) / len(values)
    away = values - part.mean
    part.squares = dots(away, away)
    np.copyto(away, values)
    away[top] = 0.0
    part.rest = dots(away, away)
    limit = limit_of(name)
    if limit and part.absmax >= limit:
        part.num_at_limit = int(
            np.count_nonzero(np.abs(values) == math.ldexp(limit, -part.exponent))
        )


def limit_of(name: str) -> float:
    """Return the largest finite magnitude of a floating dtype, 0 for others."""
    fixed = {
        "float64": float(np.finfo(np.float64).max),
        "float32": float(np.finfo(np.float32).max),
        "float16": 65504.0,
        "bfloat16": 2.0**127 * (2 - 2.0**-7),
    }
    return fixed.get(name, 0.0)


def measure_precisely(raw: Bytes, kind: ElementType, transform: Any, swapped: bool) -> Partial:
    """Return the statistics of a block of any dtype, everything in float64."""
    values = decode(raw, kind.base, swapped=swapped)
    if transform is not None:
        values = transform(values)
    part = Partial()
    finite = np.isfinite(values)
    if not finite.all():
        part.num_nan = int(np.count_nonzero(np.isnan(values)))
        part.num_posinf = int(np.count_nonzero(values == np.inf))
        part.num_neginf = int(np.count_nonzero(values == -np.inf))
        part.first_bad = int(np.argmin(finite))
    places = None if part.first_bad < 0 else np.flatnonzero(finite)
    kept = values if places is None else values[places]
    if len(kept):
        small = np.abs(kept) < (smallest_normal(kind.base) or 0.5)
        part.num_zero = int(np.count_nonzero(kept == 0))
        if kind.family != "integer":
            part.num_subnormal = int(np.count_nonzero(small)) - part.num_zero
        measure_float64(kept, part, kind.base)
        _count_integer_limits(kept, part, kind)
        if places is not None:
            part.absmax_at = int(places[part.absmax_at])
    return part


def _count_integer_limits(values: NDArray[np.float64], part: Partial, kind: ElementType) -> None:
    if kind.family == "integer" and kind.base != "bool":
        info = np.iinfo(kind.base)
        part.num_at_limit = int(np.count_nonzero(values == float(info.max)))
        if info.min:
            part.num_at_limit += int(np.count_nonzero(values == float(info.min)))
