"""A run that lost in one jump all it had learnt, though the loss only came back to its start."""

from __future__ import annotations

import numpy as np

from nandoctor.signals.excursions import MIN_RISE, Excursion
from nandoctor.signals.noise import ENOUGH, Floats, level_and_noise, running_level

_ALL = 0.8
"""Share of what was learnt that the jump must have undone, at once and at the end."""
_CLEAR = 4.0
"""How far what was learnt, and what was lost, stand out of the noise."""


def relapse(height: Floats) -> Excursion | None:
    """Return the stay at the height where training began, None where there is none.

    A new task lifts the loss as far, but the run learns it: the loss falls again.
    """
    if len(height) < 4 * ENOUGH:
        return None
    local, _ = running_level(height, ENOUGH)
    # Each level is that of the points before; the one a window later is that of the points after.
    rise = local[2 * ENOUGH :] - local[ENOUGH:-ENOUGH]
    place = ENOUGH + int(rise.argmax())
    if place > len(height) - 2 * ENOUGH:
        return None
    low, after = float(local[place]), height[place + ENOUGH // 2 :]
    _, noise = level_and_noise(height[max(0, place - 2 * ENOUGH) : place])
    learnt = float(np.median(height[:ENOUGH])) - low
    lost = min(float(rise.max()), _end(after) - low)
    unrest = max(noise, level_and_noise(after)[1])
    if min(learnt, lost) < max(MIN_RISE, _CLEAR * noise) or lost < _CLEAR * unrest:
        return None
    if lost < _ALL * learnt or _end(after[: len(after) // 3]) > _end(after) + unrest:
        return None
    near = height[place - ENOUGH : place + ENOUGH]
    start = place - ENOUGH + int(np.flatnonzero(near < low + lost / 2)[-1]) + 1
    peak = float(height[start:].max()) - low
    return Excursion(start, len(height), low, MIN_RISE, noise, unrest, peak, peak, True)


def _end(height: Floats) -> float:
    """Return the level of the last third, of few points of all."""
    return float(np.median(height[-max(ENOUGH, len(height) // 3) :]))
