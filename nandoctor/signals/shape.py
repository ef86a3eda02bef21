"""The shape of a stay outside the healthy band: a jump, a climb or a growing swing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nandoctor.evidence import PatternName
from nandoctor.signals.noise import Floats, point_noise

_JUMP = math.log(50.0)
"""A first logged rise beyond this did its harm at once."""
_CLIMB, _LONG_CLIMB = 3, 5
"""New highs that make a climb, without and after a jump."""
_SWING = 0.5
"""Share of the height reached that a fall gives back in a swing."""
_DEEP_SWING = math.log(10.0)
"""A fall by this factor is a swing at any height."""
_FULL_SWING = 0.8
_LATE = 0.75
_CLEAR_OF_NOISE = 1.75
_MUCH, _SOME = 0.3, 0.15
"""Share of the climb that swings together must have given back; less if one is full."""
_AT_ONCE = 0.9
"""Share of the climb that the first two points must have made for the rest to be a plateau."""
_LONG = 16
_RANDOM_TURNS = (0.5, 0.8)
"""Share of points at which noise turns round: two in three; regular swings do at fewer or all."""
_LOUDER, _OF_NOISE = 3.0, 8.0
"""How much the noise must have grown, or a fall exceed it, to be more than noise on a climb."""
_OFTEN = 0.07
"""Swings a point below which louder noise is still noise."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern and the numbers that it rests on.

    Args:
        num_highs: Points that were higher than every point before.
        num_swings: Falls that gave back half of the height and were climbed again.
        deepest: Largest share of the height that a swing gave back.
        margin: How far the numbers are from another pattern, in 0..1.
    """

    pattern: PatternName
    num_highs: int
    num_swings: int
    deepest: float
    margin: float


def shape_of(rise: Floats, band: float, noise: float = 0.0) -> Shape:
    """Name the shape of an excursion.

    Args:
        rise: float64[n], heights above the healthy level.
        band: How far above the level the healthy band reaches; smaller falls are noise.
        noise: Robust noise of the height before the excursion.
    """
    before = np.concatenate([[-np.inf], np.maximum.accumulate(rise)[:-1]])
    num_highs = int((rise > before).sum())
    falls = _swings(rise, _CLEAR_OF_NOISE * band)
    if _are_noise(falls, rise, noise):
        falls = []
    deepest = max((fall.share for fall in falls), default=0.0)
    is_swinging = _is_swinging(falls, rise)
    is_jump = bool(rise[0] >= _JUMP)
    is_plateau = num_highs > 2 and bool(rise[:2].max() >= _AT_ONCE * rise.max())
    pattern: PatternName = "spike"
    if is_swinging and num_highs >= _CLIMB and not (is_jump and len(falls) < 2):
        pattern = "oscillating"
    elif num_highs >= (_LONG_CLIMB if is_jump else _CLIMB) and not is_plateau:
        pattern = "exponential"
    margin = _margin(pattern, num_highs, len(falls), is_jump)
    return Shape(pattern, num_highs, len(falls), deepest, margin)


def _is_swinging(falls: list[_Fall], rise: Floats) -> bool:
    """Whether the falls make up enough of the climb, or of it up to a last one that came late."""
    if not falls:
        return False
    swung, whole, last = sum(fall.size for fall in falls), float(rise.max()), falls[-1]
    if max(fall.share for fall in falls) >= _FULL_SWING and swung >= _SOME * whole:
        return True
    is_late = last.regained >= _LATE * len(rise)
    return len(falls) >= 2 and swung >= _MUCH * (last.peak if is_late else whole)


def _are_noise(falls: list[_Fall], rise: Floats, noise: float) -> bool:
    """Whether a climb falls no deeper and no more regularly than its run was noisy before."""
    if len(rise) < _LONG or not falls:
        return False
    turns = np.diff(rise)
    low, high = _RANDOM_TURNS
    is_random = low <= float((turns[1:] * turns[:-1] < 0).mean()) <= high
    present = point_noise(rise)
    usual = float(np.median([fall.size for fall in falls]))
    is_rare = len(falls) < _OFTEN * len(rise)
    is_no_louder = present < _LOUDER * noise
    return is_random and (is_no_louder or is_rare) and usual < _OF_NOISE * present


@dataclass(frozen=True, slots=True)
class _Fall:
    """A deep fall that was half regained: from which height, how far, and where it was regained."""

    peak: float
    size: float
    regained: int

    @property
    def share(self) -> float:
        return min(1.0, self.size / self.peak)


def _swings(rise: Floats, least: float) -> list[_Fall]:
    """Return the falls that are deep for the height at which they began."""
    falls = []
    peak = trough = float(rise[0])
    for place, value in enumerate(rise.tolist()):
        size = peak - trough
        is_deep = size >= min(_DEEP_SWING, max(least, _SWING * peak))
        if value >= peak or (is_deep and value - trough >= _SWING * size):
            if is_deep:
                falls.append(_Fall(peak, size, place))
            peak = trough = value
        trough = min(trough, value)
    return falls


def _margin(pattern: PatternName, num_highs: int, num_swings: int, is_jump: bool) -> float:
    if pattern == "spike":
        return {1: 1.0, 2: 0.5}.get(num_highs, 0.3)
    if pattern == "exponential":
        sure = min(1.0, (num_highs - 2) / 4.0)
        return sure * (0.5 if num_swings or is_jump else 1.0)
    return min(1.0, num_swings / 4.0)
