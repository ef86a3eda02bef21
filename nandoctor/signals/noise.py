"""Robust running level and noise of a series, from the past only; no judgement about it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 32
"""Points that make up the recent past."""
ENOUGH = 16
"""Points after which a noise estimate is believed in full."""
_MAX_WINDOWS = 20_000
_UPPER, _UPPER_SIGMAS = 0.9, 1.2816
_MAD = 0.6745
_OF_SECOND_DIFFERENCE = _MAD * math.sqrt(6.0)
"""From the median absolute second difference of white noise to its sigma."""


def running_level(values: Floats, width: int = WIDTH) -> tuple[Floats, Floats]:
    """Return for each point the median of the ``width`` points before it and their noise.

    Args:
        values: float64[n], finite, n >= 1.

    Returns:
        Level and noise, float64[n] each; the first point is its own level.
    """
    n = len(values)
    num_short = min(n, width)
    # In a long series a window every few points is enough: the level moves slowly.
    ends = np.concatenate([np.arange(num_short), np.arange(width, n, max(1, n // _MAX_WINDOWS))])
    level, noise = np.empty(len(ends)), np.empty(len(ends))
    for end in range(num_short):
        level[end], noise[end] = level_and_noise(values[: max(1, end)])
    if n > width:
        windows = np.lib.stride_tricks.sliding_window_view(values, width)
        full = np.sort(windows[ends[num_short:] - width], axis=1)
        middle, upper = np.median(full, axis=1), full[:, round(_UPPER * (width - 1))]
        spread = np.median(np.abs(full - middle[:, None]), axis=1) / _MAD
        level[num_short:] = middle
        noise[num_short:] = np.minimum((upper - middle) / _UPPER_SIGMAS, spread)
    held = np.diff(ends, append=n)
    return np.repeat(level, held), np.repeat(noise, held)


def level_and_noise(values: Floats) -> tuple[float, float]:
    """Return the median and the noise of some points, n >= 1.

    The noise is the smaller of two robust sigmas, from the median absolute deviation and from an
    upper quantile: neither dips nor a few old spikes widen it. Of few points it is half believed.
    """
    middle, upper = (float(q) for q in np.quantile(values, (0.5, _UPPER)))
    spread = float(np.median(np.abs(values - middle))) / _MAD
    noise = min((upper - middle) / _UPPER_SIGMAS, spread)
    return middle, noise * min(1.0, len(values) / ENOUGH)


def point_noise(height: Floats) -> float:
    """Return the noise from point to point, which neither trend nor smooth swings widen."""
    if len(height) < 3:
        return 0.0
    return float(np.median(np.abs(np.diff(height, 2)))) / _OF_SECOND_DIFFERENCE
