"""mantissa * 10**power in float64, vectorised and correctly rounded; parsing stands elsewhere."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_EXACT = 22
_WIDEST = 60
_SPLIT = 134217729.0


def scaled(
    mantissa: NDArray[np.uint64], power: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return mantissa * 10**power, and whether the result is surely the nearest double."""
    high, low = _powers()
    index = np.clip(power, -_WIDEST, _WIDEST) + _WIDEST
    first = mantissa.astype(np.float64)
    exact = (mantissa < 2**53) & (np.abs(power) <= _EXACT)
    scale = high[np.clip(np.abs(power), 0, _EXACT) + _WIDEST]
    values = np.where(power < 0, first / scale, first * scale)
    if exact.all():
        return values, exact
    rows = np.flatnonzero(~exact)
    first, power_high, power_low = first[rows], high[index[rows]], low[index[rows]]
    rest = (mantissa[rows] - first.astype(np.uint64)).astype(np.int64).astype(np.float64)
    product = first * power_high
    error = _product_error(first, power_high, product) + first * power_low + rest * power_high
    total = product + error
    left = np.abs((product - total) + error)
    unit = np.spacing(np.abs(total))
    is_near_tie = (np.abs(left - unit / 2) < unit * 1e-9) | (np.abs(left - unit / 4) < unit * 1e-9)
    sure = exact.copy()
    sure[rows] = ~is_near_tie & (np.abs(power[rows]) <= _WIDEST)
    values[rows] = total
    return values, sure


def _product_error(
    a: NDArray[np.float64], b: NDArray[np.float64], product: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a * b - product, exactly (Dekker)."""
    a_high = a * _SPLIT - (a * _SPLIT - a)
    b_high = b * _SPLIT - (b * _SPLIT - b)
    a_low, b_low = a - a_high, b - b_high
    error: NDArray[np.float64] = a_low * b_low - (
        ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
    )
    return error


@lru_cache(maxsize=1)
def _powers() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 10**k for k = -60..60 as the sum of two doubles."""
    exact = [Fraction(10) ** k for k in range(-_WIDEST, _WIDEST + 1)]
    high = [float(value) for value in exact]
    low = [float(value - Fraction(first)) for value, first in zip(exact, high, strict=True)]
    return np.array(high), np.array(low)
