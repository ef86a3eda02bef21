"""Where a loss leaves its healthy band and where it comes back; what that means is shape.py's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nandoctor.signals.noise import Floats, running_level

MIN_RISE = 0.22
"""Log-rise (a factor of 1.25) below which nothing is an excursion, however quiet the run."""
_SIGMAS = 6.0
_CALM = 2
"""Points back in the band that end an excursion (more for a long one)."""


@dataclass(frozen=True, slots=True)
class Excursion:
    """One stay outside the healthy band, as positions in the series of finite losses.

    Args:
        start: First point outside.
        stop: One past the last point outside.
        level: Height of the healthy level before it.
        band: How far above the level the band reached.
        noise: Robust noise of the height before it.
        height: Highest point above the level.
        is_open: The series ends outside the band.
    """

    start: int
    stop: int
    level: float
    band: float
    noise: float
    height: float
    is_open: bool

    def __len__(self) -> int:
        return self.stop - self.start


def find_excursions(height: Floats) -> list[Excursion]:
    """Return the excursions of a series of heights (see scale.py) in order."""
    level, noise = running_level(height)
    band = np.maximum(MIN_RISE, _SIGMAS * noise)
    top = level + band
    if len(top) > 16:
        top[16:] = np.minimum.accumulate(top[16:])
    level = np.minimum.accumulate(level)
    band = top - level
    outside = np.flatnonzero(height - level > band)
    found: list[Excursion] = []
    position = 0
    while True:
        later = np.searchsorted(outside, position)
        if later == len(outside):
            return found
        start = int(outside[later])
        stop = _return_to(height, start, float(level[start] + band[start]))
        peak = float(height[start:stop].max() - level[start])
        found.append(
            Excursion(
                start, stop, float(level[start]), float(band[start]), float(noise[start]),
                peak, stop == len(height),
            )
        )  # fmt: skip
        position = stop + 1


def _return_to(height: Floats, start: int, limit: float) -> int:
    """Return one past the last point above the limit before the series stays below it."""
    last = start
    chunk = 64
    position = start + 1
    while position < len(height):
        above = np.flatnonzero(height[position : position + chunk] > limit) + position
        for point in above:
            if point - last > _patience(last - start + 1):
                return last + 1
            last = int(point)
        position += chunk
        chunk = min(2 * chunk, 65536)
        if position - last > _patience(last - start + 1) + 1:
            return last + 1
    return len(height) if len(height) - last <= _CALM else last + 1


def _patience(length: int) -> int:
    return min(_CALM + length // 2, 32)
