"""Robust running level and noise of a series, from the past only; no judgement about it."""

from __future__ import annotations

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


def running_level(values: Floats) -> tuple[Floats, Floats]:
    """Return for each point the median of the ``WIDTH`` points before it and their noise.

    Args:
        values: float64[n], finite, n >= 1.

    Returns:
        Level and noise, float64[n] each; the first point is its own level.
    """
    n = len(values)
    # In a long series a window every few points is enough: the level moves slowly.
    stride = max(1, n // _MAX_WINDOWS)
    ends = np.arange(0, n, stride)
    level, noise = np.empty(len(ends)), np.empty(len(ends))
    num_short = int(np.searchsorted(ends, WIDTH))
    for i, end in enumerate(ends[:num_short]):
        level[i], noise[i] = level_and_noise(values[: max(1, end)])
    if num_short < len(ends):
        windows = np.lib.stride_tricks.sliding_window_view(values, WIDTH)
        full = np.sort(windows[ends[num_short:] - WIDTH], axis=1)
        middle, upper = np.median(full, axis=1), full[:, round(_UPPER * (WIDTH - 1))]
        spread = np.median(np.abs(full - middle[:, None]), axis=1) / _MAD
        level[num_short:] = middle
        noise[num_short:] = np.minimum((upper - middle) / _UPPER_SIGMAS, spread)
    return np.repeat(level, stride)[:n], np.repeat(noise, stride)[:n]


def level_and_noise(values: Floats) -> tuple[float, float]:
    """Return the median and the noise of some points, n >= 1.

    The noise is the smaller of two robust sigmas, from the median absolute deviation and from an
    upper quantile: neither dips nor a few old spikes widen it. Of few points it is believed in part.
    """
    middle, upper = (float(q) for q in np.quantile(values, (0.5, _UPPER)))
    spread = float(np.median(np.abs(values - middle))) / _MAD
    noise = min((upper - middle) / _UPPER_SIGMAS, spread)
    return middle, noise * min(1.0, len(values) / ENOUGH)
