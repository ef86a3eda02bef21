"""Swings that grow from point to point at the end of a log, before any of them is an excursion."""

from __future__ import annotations

import math

import numpy as np

from nandoctor.signals.excursions import MIN_RISE, Excursion
from nandoctor.signals.noise import Floats

_MIN_TURNS = 6
"""Turns in a row, each larger than the one before: noise does that once in thousands of logs."""
_GROWTH, _LAST = 3.0, math.log(2.0)


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
