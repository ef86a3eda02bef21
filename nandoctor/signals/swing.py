"""Swings that grow up to the end of a log: from point to point, or as waves of many points."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nandoctor.signals.excursions import MIN_RISE, Excursion
from nandoctor.signals.noise import Floats

_MIN_TURNS = 6
"""Turns in a row, each larger than the one before: noise does that once in thousands of logs."""
_GROWTH, _LAST = 3.0, math.log(2.0)
_MIN_WAVES, _WAVE = 3, 5
"""Waves, and points in each."""
_HIGH, _AT_ONCE = math.log(8.0), 0.5
"""Height that the last wave reaches, and the share of a wave that no point climbs alone."""


def growing_swing(height: Floats) -> Excursion | None:
    """Return the alternation of growing amplitude with which a series ends, None without one."""
    turns = np.diff(height[-64:])
    size = np.abs(turns)
    grows = (turns[1:] * turns[:-1] < 0) & (size[1:] > size[:-1])
    stops = np.flatnonzero(~grows)
    first = int(stops[-1]) + 1 if len(stops) else 0
    if len(turns) - first < _MIN_TURNS or size[-1] < max(_LAST, _GROWTH * size[first]):
        return None
    begin = len(height) - 1 - (len(turns) - first)
    level = float(height[begin : begin + 2].min())
    start = begin + int(np.argmax(height[begin:] > level + MIN_RISE))
    peak = float(height[start:].max()) - level
    noise = float(size[first])
    return Excursion(start, len(height), level, MIN_RISE, noise, noise, peak, peak, True)


def growing_waves(found: list[Excursion], height: Floats) -> Excursion | None:
    """Return the stretch of waves of growing height with which a series ends, None without one.

    Noise comes back within a point or two, and a new task lifts the loss in one; a wave does
    neither.
    """
    if not found or len(height) - found[-1].stop > len(found[-1]):
        return None
    waves = [found[-1]]
    for wave in reversed(found[:-1]):
        is_near = waves[0].start - wave.stop <= max(len(waves[0]), len(wave)) + 1
        if not is_near or wave.peak >= waves[0].peak or not _is_wave(wave, height):
            break
        waves.insert(0, wave)
    first, last = waves[0], waves[-1]
    if len(waves) < _MIN_WAVES or not _is_wave(last, height):
        return None
    if last.peak < max(_HIGH, 2.0 * last.band) or last.peak < first.peak + _LAST:
        return None
    return replace(last, start=first.start, noise=first.noise)


def _is_wave(wave: Excursion, height: Floats) -> bool:
    climb = height[max(0, wave.start - 1) : wave.stop]
    return len(wave) >= _WAVE and float(np.diff(climb).max()) < _AT_ONCE * wave.peak
