"""Where a loss leaves its healthy band and where it comes back; what that means is shape.py's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nandoctor.signals.noise import ENOUGH, WIDTH, Floats, running_level

MIN_RISE = 0.22
"""Log-rise (a factor of 1.25) below which nothing is an excursion, however quiet the run."""
_SIGMAS = 6.0
_FOOT_SIGMAS = 2.0
_CALM = 2
"""Points in a row back in the band that end an excursion."""
_WIDEST = 256
_LEAST_NOISE = 0.01
_NOISE_OF_UNKNOWN = 0.15
"""Noise that a run is granted before it has shown its own."""


@dataclass(frozen=True, slots=True)
class Excursion:
    """One stay outside the healthy band, as positions in the series of heights.

    Args:
        start: First point outside.
        stop: One past the last point outside.
        level: Height of the healthy level: the lowest running median so far.
        band: How far above the level the band reaches.
        noise: Robust noise of the height before the start.
        unrest: The same before the peak, where it is larger.
        peak: Highest point above the level.
        jump: Highest point above the level just before, which may lie higher.
        is_open: The series ends outside the band.
    """

    start: int
    stop: int
    level: float
    band: float
    noise: float
    unrest: float
    peak: float
    jump: float
    is_open: bool

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def significance(self) -> float:
        """The peak in units of the run's own noise."""
        unknown = _NOISE_OF_UNKNOWN * max(0.0, 1.0 - self.start / ENOUGH)
        return self.jump / max(self.unrest, _LEAST_NOISE + unknown)


def find_excursions(height: Floats, *, begin: int = 0) -> list[Excursion]:
    """Return the excursions of a series of heights (see scale.py) from a position on, in order."""
    local, noise = running_level(height)
    level, top = _frozen_band(height, begin)
    outside = np.flatnonzero(height > top)
    found: list[Excursion] = []
    position = begin
    while True:
        later = np.searchsorted(outside, position)
        if later == len(outside):
            return found
        start = int(outside[later])
        stop = _stop(height, start, float(top[start]))
        summit = start + int(height[start:stop].argmax())
        highest = float(height[summit])
        found.append(
            Excursion(
                start=start,
                stop=stop,
                level=float(level[start]),
                band=float(top[start] - level[start]),
                noise=float(noise[start]),
                unrest=max(float(noise[start]), float(noise[summit])),
                peak=highest - float(level[start]),
                jump=highest - float(local[start]),
                is_open=stop == len(height),
            )
        )
        position = stop + 1


def _frozen_band(height: Floats, begin: int) -> tuple[Floats, Floats]:
    """Return the lowest level and the lowest upper edge of the band so far, float64[n] each.

    Levels from before ``begin`` do not count.

    The band never rises again: a slow climb must not carry it along. The longer the series, the
    wider the windows, or the lowest of many estimates would be an accident.
    """
    width = int(np.clip(len(height) // 16, WIDTH, _WIDEST))
    level, noise = running_level(height, width)
    top = level + np.maximum(MIN_RISE, _SIGMAS * noise)
    known = max(begin, width // 2)
    top[known:] = np.minimum.accumulate(top[known:])
    level[begin:] = np.minimum.accumulate(level[begin:])
    return level, top


def _stop(height: Floats, start: int, limit: float) -> int:
    """Return one past the last point above the limit before the series stays below it."""
    last = position = start
    chunk = 64
    while position < len(height):
        for point in np.flatnonzero(height[position : position + chunk] > limit) + position:
            if point - last > _CALM:
                return last + 1
            last = int(point)
        position += chunk
        chunk = min(2 * chunk, 65536)
        if min(position, len(height)) - last > _CALM:
            return last + 1
    return len(height) if len(height) - last <= _CALM else last + 1


def with_foot(excursion: Excursion, height: Floats) -> Excursion:
    """Return the excursion begun at the foot of its climb, inside a band that noise made wide.

    Before a jump higher than the whole band only new highs are a climb; the rest is noise.
    """
    start = excursion.start
    is_jump = start > 0 and height[start] - height[start - 1] > excursion.band
    limit = excursion.level + max(MIN_RISE, _FOOT_SIGMAS * excursion.noise)
    while start > 0 and height[start - 1] > limit:
        past = height[max(0, start - 1 - WIDTH) : start - 1]
        if is_jump and past.size and height[start - 1] <= past.max():
            break
        start -= 1
    return replace(excursion, start=start)
