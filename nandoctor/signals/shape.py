"""The shape of one excursion: a jump, a climb or a growing swing; with how clear it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nandoctor.evidence import PatternName
from nandoctor.signals.noise import Floats

_JUMP = math.log(50.0)
"""A first logged rise beyond this did its harm at once."""
_LONG_CLIMB = 5
_RETRACE = 0.5
_FULL_RETRACE = 0.8


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern and the numbers it rests on.

    Args:
        num_highs: Points of the excursion that were higher than everything before.
        num_swings: Falls back towards the healthy level that a new high followed.
        first_rise: Log-rise of the first point outside.
        deepest: Largest share of the climb that a swing gave back.
    """

    pattern: PatternName
    num_highs: int
    num_swings: int
    first_rise: float
    deepest: float


def shape_of(heights: Floats, level: float) -> Shape:
    """Name the shape of an excursion.

    Args:
        heights: float64[n], the heights of its points.
        level: The healthy height before it.
    """
    rise = heights - level
    peak = np.maximum.accumulate(rise)
    is_high = np.concatenate([[True], rise[1:] > peak[:-1]])
    highs = np.flatnonzero(is_high)
    given_back = []
    for a, b in zip(highs[:-1], highs[1:], strict=True):
        if b - a > 1:
            trough = rise[a + 1 : b].min()
            given_back.append(float((rise[a] - trough) / max(rise[a], 1e-9)))
    swings = [share for share in given_back if share >= _RETRACE]
    deepest = max(given_back, default=0.0)
    is_swinging = len(swings) >= 2 or deepest >= _FULL_RETRACE
    is_jump = rise[0] >= _JUMP and len(highs) < _LONG_CLIMB
    if len(highs) >= 3 and is_swinging and not (is_jump and len(swings) < 2):
        pattern: PatternName = "oscillating"
    elif len(highs) >= 3 and not is_jump:
        pattern = "exponential"
    else:
        pattern = "spike"
    return Shape(pattern, len(highs), len(swings), float(rise[0]), deepest)
