"""Decimal numbers at known places in a buffer -> float64, vectorised and correctly rounded; what
is not a plain decimal (nan, hex, 20 digits) is left to Python's float()."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]
_MOST_DIGITS = 19
_EXACT = 22
_WIDEST = 60
_SPLIT = 134217729.0


def parse(windows: _Bytes) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_]]:
    """Parse the number at the start of each window, after spaces.

    Args:
        windows: uint8[n, w].

    Returns:
        Values float64[n], the offset behind each number, and whether it was a plain decimal.
    """
    count, width = windows.shape
    columns = np.ascontiguousarray(windows.T)
    mantissa = np.zeros(count, np.uint64)
    digits, fraction = np.zeros(count, np.int16), np.zeros(count, np.int16)
    active, dot = np.ones(count, bool), np.zeros(count, bool)
    started, negative = np.zeros(count, bool), np.zeros(count, bool)
    end = np.full(count, width, np.intp)
    for place in range(width):
        char = columns[place]
        digit = char - 48
        taken = (digit < 10) & active
        is_dot = (char == 46) & active & ~dot
        lead = ((char == 32) | (char == 45) | (char == 43)) & active & ~started
        negative |= lead & (char == 45)
        mantissa = np.where(taken, mantissa * 10 + digit, mantissa)
        digits += taken & ((mantissa != 0) | dot)
        fraction += taken & dot
        dot |= is_dot
        started |= taken | is_dot | (lead & (char != 32))
        stop = active & ~(taken | is_dot | lead)
        if stop.any():
            end[stop] = place
            active &= ~stop
            if not active.any():
                break
    fits = ~active & started & (digits <= _MOST_DIGITS) & (digits + (mantissa == 0) > 0)
    power = -fraction.astype(np.int64)
    _exponents(windows, end, power, fits)
    values, is_sure = _scaled(mantissa, power)
    return np.where(negative, -values, values), end, fits & is_sure


def _exponents(
    windows: _Bytes, end: NDArray[np.intp], power: NDArray[np.int64], fits: NDArray[np.bool_]
) -> None:
    """Read the exponents behind the mantissas; all arrays but ``windows`` are changed in place."""
    width = windows.shape[1]
    last = windows[np.arange(len(end)), np.minimum(end, width - 1)]
    rows = np.flatnonzero(fits & ((last == 101) | (last == 69)))
    if not len(rows):
        return
    padded = np.zeros((len(rows), width + 6), np.uint8)
    padded[:, :width] = windows[rows]
    at = np.arange(len(rows))
    start = end[rows] + 1
    sign = padded[at, start]
    has_sign = (sign == 45) | (sign == 43)
    start = start + has_sign
    value, length = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.intp)
    going = np.ones(len(rows), bool)
    for place in range(4):
        digit = padded[at, start + place] - 48
        going &= digit < 10
        value = np.where(going, value * 10 + digit, value)
        length += going
    fits[rows] &= (length > 0) & (length < 4) & (start + length < width)
    power[rows] += np.where(sign == 45, -value, value)
    end[rows] = start + length


def _scaled(
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
    error: NDArray[np.float64] = (
        a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    )
    return error


@lru_cache(maxsize=1)
def _powers() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 10**k for k = -60..60 as the sum of two doubles."""
    exact = [Fraction(10) ** k for k in range(-_WIDEST, _WIDEST + 1)]
    high = [float(value) for value in exact]
    low = [float(value - Fraction(first)) for value, first in zip(exact, high, strict=True)]
    return np.array(high), np.array(low)
