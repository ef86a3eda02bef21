"""Decimal numbers at known places in a buffer -> float64, vectorised; what is no plain decimal
(nan, hex, 20 digits) is left to Python's float()."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.rounding import scaled

_Bytes = NDArray[np.uint8]
_MOST_DIGITS = 19
_LAYOUTS = 24
_FEWEST = 48
_DECIMAL = re.compile(rb" *[-+]?(\d*)(?:(\.)(\d*))?(?:[eE]([-+]?)(\d{1,3}))?(?![\d.])")


@dataclass(slots=True)
class _Parsed:
    """What is known of each number so far."""

    mantissa: NDArray[np.uint64]
    power: NDArray[np.int64]
    negative: NDArray[np.bool_]
    end: NDArray[np.intp]
    fits: NDArray[np.bool_]


def parse(windows: _Bytes) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_]]:
    """Parse the number at the start of each window, after spaces.

    Numbers of one layout (``%.6E``, ``%.4f``) are read together; few layouts make up most logs.

    Args:
        windows: uint8[n, w].

    Returns:
        Values float64[n], the offset behind each number, and whether it was a plain decimal.
    """
    count = len(windows)
    found = _Parsed(
        np.zeros(count, np.uint64), np.zeros(count, np.int64), np.zeros(count, bool),
        np.zeros(count, np.intp), np.zeros(count, bool),
    )  # fmt: skip
    todo = np.arange(count)
    odd: list[int] = []
    for _ in range(_LAYOUTS):
        if len(todo) < _FEWEST:
            break
        pivot = len(todo) // 2
        same = _read_layout(windows, todo, pivot, found)
        if same is None:
            odd.append(int(todo[pivot]))
            same = np.arange(len(todo)) == pivot
        todo = todo[~same]
    rest = np.concatenate([todo, np.array(odd, dtype=np.intp)])
    if len(rest):
        _read_any(windows[rest], rest, found)
    values, is_sure = scaled(found.mantissa, found.power)
    return np.where(found.negative, -values, values), found.end, found.fits & is_sure


def _columns(windows: _Bytes, rows: NDArray[np.intp], length: int) -> _Bytes:
    """Return uint8[length, n]: the windows of some rows, a place in them after the other."""
    count, width = windows.shape
    if len(rows) < count:
        whole = windows.view(f"V{width}")[:, 0]
        windows = np.ascontiguousarray(whole[rows]).view(np.uint8).reshape(len(rows), width)
    return np.ascontiguousarray(windows[:, :length].T)


def _read_layout(
    windows: _Bytes, rows: NDArray[np.intp], pivot: int, found: _Parsed
) -> NDArray[np.bool_] | None:
    """Read all rows that are spelt like the pivot; None where that is no plain decimal.

    Args:
        windows: uint8[n, w], of all rows.
        rows: Those that are left.
    """
    spelt = windows[rows[pivot]].tobytes()
    match = _DECIMAL.match(spelt)
    if match is None or match.end() >= len(spelt):
        return None
    whole, fraction, exponent = match.span(1), match.span(3), match.span(5)
    digits = [*range(*whole), *range(*fraction)]
    if not digits:
        return None
    zeros: list[int] = []
    while len(digits) > _MOST_DIGITS and spelt[digits[0]] == 48:
        zeros.append(digits.pop(0))
    if len(digits) > _MOST_DIGITS:
        return None
    columns = _columns(windows, rows, match.end() + 1)
    columns -= np.uint8(48)
    powers = [*range(*exponent)]
    same: NDArray[np.bool_] = columns[digits + powers].max(axis=0) < 10
    for place in sorted({*range(match.end() + 1)} - {*digits, *powers}):
        same &= columns[place] == np.uint8((spelt[place] - 48) % 256)
    rows = rows[same]
    kept = slice(None) if same.all() else np.flatnonzero(same)
    found.mantissa[rows] = _whole(columns[digits][:, kept])
    power: NDArray[np.int64] | int = 0
    if powers:
        power = _whole(columns[powers][:, kept]).astype(np.int64)
    found.power[rows] = (-power if match.group(4) == b"-" else power) - (fraction[1] - fraction[0])
    found.negative[rows] = b"-" in spelt[: match.start(1)]
    found.end[rows] = match.end()
    found.fits[rows] = True
    return same


def _whole(digits: _Bytes) -> NDArray[np.uint64]:
    """Return the whole numbers that uint8[k, n] spells; four digits at once, in small types."""
    places, count = digits.shape
    padded = np.zeros((-(-places // 4) * 4, count), np.uint8)
    padded[len(padded) - places :] = digits
    pairs = padded[0::2] * np.uint8(10) + padded[1::2]
    fours = pairs[0::2] * np.uint16(100) + pairs[1::2]
    value: NDArray[np.uint64] = fours[0].astype(np.uint64)
    for four in fours[1:]:
        value = value * np.uint64(10000) + four
    return value


def _read_any(windows: _Bytes, rows: NDArray[np.intp], found: _Parsed) -> None:
    """Read numbers of any layout, one by one."""
    for row, window in zip(rows.tolist(), windows, strict=True):
        spelt = window.tobytes()
        match = _DECIMAL.match(spelt)
        if match is None or match.end() >= len(spelt):
            continue
        digits = match.group(1) + (match.group(3) or b"")
        if digits and len(digits.lstrip(b"0")) <= _MOST_DIGITS:
            exponent = int(match.group(5) or 0) * (-1 if match.group(4) == b"-" else 1)
            found.mantissa[row] = int(digits)
            found.power[row] = exponent - len(match.group(3) or b"")
            found.negative[row] = b"-" in spelt[: match.start(1)]
            found.end[row] = match.end()
            found.fits[row] = True
