"""The sign of a crash in the first steps, when nothing is known of a run's noise yet."""

from __future__ import annotations

import math
from collections.abc import Sequence

_STEPS = 20
_RISE, _MIN_RISES = 1.15, 2
"""Factor from value to value, and how many such in a row, that make a climb."""
_CLIMB, _ABOVE_ALL = 6.0, 4.0
"""How far the climb must lead above its foot, and above every value before it."""


class EarlyClimb:
    """Whether a loss climbs steeply in its first steps; noise rarely rises twice in a row so far.

    A first value that is low by luck is no sign: the climb must leave all that came before.
    """

    __slots__ = ("before", "count", "foot", "highest", "is_climbing", "previous", "rises")

    def __init__(self) -> None:
        self.count = self.rises = 0
        self.previous = math.inf
        self.foot = self.before = self.highest = 0.0
        self.is_climbing = False

    def update(self, loss: float) -> None:
        """Take the next loss."""
        self.is_climbing = False
        if self.count >= _STEPS or not math.isfinite(loss):
            return
        if loss > _RISE * self.previous > 0.0:
            if self.rises == 0:
                self.foot, self.before = self.previous, self.highest
            self.rises += 1
            self.is_climbing = (
                self.rises >= _MIN_RISES
                and loss >= _CLIMB * self.foot
                and loss > _ABOVE_ALL * self.before
            )
        else:
            self.rises = 0
        self.count += 1
        self.previous = loss
        self.highest = max(self.highest, abs(loss))

    def state(self) -> list[float]:
        """Return the state as plain numbers."""
        return [float(getattr(self, name)) for name in self.__slots__]

    def load(self, state: Sequence[float]) -> None:
        """Take over a state of ``state``."""
        for name, value in zip(self.__slots__, state, strict=True):
            setattr(self, name, float(value))
        self.count, self.rises = int(self.count), int(self.rises)
        self.is_climbing = bool(self.is_climbing)
