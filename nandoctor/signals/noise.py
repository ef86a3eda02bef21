"""Robust running level and noise of a series, from the past only; no judgement about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 32
"""Points that make up the recent past."""
_MAX_WINDOWS = 40_000
_UPPER, _UPPER_SIGMAS = 0.9, 1.2816
_MAD = 0.6745
_ENOUGH = 16


def running_level(values: Floats, width: int = WIDTH) -> tuple[Floats, Floats]:
    """Return for each point the median of the points before it and their upward noise.

    Args:
        values: float64[n], finite.
        width: How many points before a point are looked at; fewer at the start.

    Returns:
        Level and noise, float64[n] each; the first point is its own level.
    """
    n = len(values)
    # Long series: a window every few points is enough, the level moves slowly.
    stride = max(1, n // _MAX_WINDOWS)
    padded = np.concatenate([np.full(width, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[:n:stride]
    level, noise = np.empty(len(windows)), np.zeros(len(windows))
    short = min(len(windows), -(-width // stride))
    for i in range(short):
        past = values[max(0, i * stride - width) : i * stride]
        level[i], noise[i] = level_and_noise(past) if len(past) else (values[0], 0.0)
    full = windows[short:]
    if len(full):
        middle, upper = np.quantile(full, (0.5, _UPPER), axis=1)
        spread = np.median(np.abs(full - middle[:, None]), axis=1)
        noise[short:] = np.minimum((upper - middle) / _UPPER_SIGMAS, spread / _MAD)
        level[short:] = middle
    return np.repeat(level, stride)[:n], np.repeat(noise, stride)[:n]


def level_and_noise(values: Floats) -> tuple[float, float]:
    """Return the median and the upward noise of some points.

    The noise is the distance from the median to an upper quantile in units of a normal sigma: dips
    do not widen the band. Of few points it is believed only in part.
    """
    middle, upper = (float(q) for q in np.quantile(values, (0.5, _UPPER)))
    spread = float(np.median(np.abs(values - middle))) / _MAD
    noise = min((upper - middle) / _UPPER_SIGMAS, spread)
    return middle, noise * min(1.0, len(values) / _ENOUGH)
