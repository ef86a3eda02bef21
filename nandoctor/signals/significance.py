"""Which excursions matter: rare spikes and ends outside the band, against the run's own noise."""

from __future__ import annotations

import math

import numpy as np

from nandoctor.evidence import Outcome
from nandoctor.signals.excursions import MIN_RISE, Excursion
from nandoctor.signals.noise import ENOUGH, Floats, level_and_noise

_DIVERGED = math.log(2.0)
_LONE_SPIKE, _SPIKE, _STAY = math.log(4.0), math.log(2.0), math.log(1.5)
"""What one, two and more points in a row must rise to count: the longer, the less is noise."""
_SIGNIFICANT = 20.0
"""In units of the run's own noise."""
_LUCKY, _OWN_NOISES, _FAR = 4, 6.0, math.log(20.0)
"""So few first points may be low by luck: what follows must stand out of its own noise, or far."""
_RECOVERING, _NEARLY = 0.5, 0.25
"""Share of its peak's height below which a run comes back, and is nearly back."""
_BACK = math.log(3.0)
"""Nearer to the old level than this, and far below its peak, a run is on its way back."""
_LEARNT = math.log(4.0)
_FAR_ABOVE = math.log(8.0)
"""A run that ends this far above its first steps, which it left at once, has learnt nothing."""
MIN_CLIMB = math.log(1.5)
"""What a loss must have risen by for a later failure to have begun with it."""
_FEW, _EVERYDAY = 3, 0.002
"""Rises that are more than this number and share of the points are the run's everyday noise."""


def open_end(last: Excursion, height: Floats) -> Outcome | None:
    """Return the outcome of a run that ends outside its band, None where that means nothing."""
    rise = height[last.start : last.stop] - last.level
    if len(last) < 3:
        return "ongoing" if is_spike(last) else None
    if len(last) < ENOUGH and last.significance < _SIGNIFICANT and last.peak < _LONE_SPIKE:
        return None
    recent = rise[-max(3, len(rise) // 4) :]
    end = float(np.median(recent))
    if max(end, float(rise[-1])) <= max(last.band, _DIVERGED) or np.median(rise) <= last.band:
        return None
    if recent.max() < _RECOVERING * last.peak and end < _BACK:
        return "recovered"
    if last.start < _LUCKY and len(last) >= ENOUGH:
        middle, noise = level_and_noise(rise)
        if middle < min(_OWN_NOISES * noise, _FAR) or end < _NEARLY * last.peak:
            return None
    above_start = last.level + end - float(np.median(height[: max(1, min(5, last.start))]))
    if float(rise[:3].max()) > _DIVERGED:
        # A new task or harder data: the loss jumps and stays, far below where training began.
        return "diverged" if above_start > -_LEARNT else "recovered"
    return "diverged" if above_start > 0.0 else None


def far_above_start(height: Floats) -> Excursion | None:
    """Return the climb of a run that rose from its first steps on, so that no band is its own."""
    if len(height) < 2 * ENOUGH:
        return None
    level = float(np.median(height[:3]))
    end = float(np.median(height[-(len(height) // 4) :])) - level
    if end < _FAR_ABOVE or float(height[:ENOUGH].max()) < level + _SPIKE:
        return None
    outside = np.flatnonzero(height > level + MIN_RISE)
    peak = float(height.max()) - level
    return Excursion(
        int(outside[0]), len(height), level, MIN_RISE, MIN_RISE, MIN_RISE, peak, peak, True
    )


def is_spike(excursion: Excursion) -> bool:
    """Whether an excursion rises far enough, and far enough out of the noise, to be harm."""
    least = {1: _LONE_SPIKE, 2: _SPIKE}.get(len(excursion), _STAY)
    return excursion.jump >= least and excursion.significance >= _SIGNIFICANT


def rare_spikes(found: list[Excursion], num_points: int) -> list[Excursion]:
    """Return the spikes that tower above those which come back again and again in this run."""
    jumps = sorted((excursion.jump for excursion in found), reverse=True)
    few = int(max(_FEW, _EVERYDAY * num_points))
    least = jumps[few] + _DIVERGED if len(jumps) > few else 0.0
    return [excursion for excursion in found if is_spike(excursion) and excursion.jump > least]
