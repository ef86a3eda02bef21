"""A robust one-sided change detector over one metric, of constant size; it judges no run."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MEMORY = 96
"""Values over which the level and the noise are averaged."""
_FAST = 8
"""Values over which the present is averaged."""
_START = 5
_STRIDE = 0.5
_CLIP, _ALLOWANCE = 3.0, 1.0
"""Most that one value can add, and what each must exceed, in units of the noise."""
_ELEVATED, _SETTLED = 6.0, 150.0
_HELD = 0.1
"""How much slower the level follows while the metric is elevated, so that growth is not learnt,
until so much evidence has come together that this is how the run is now."""
_FLOOR = 0.25
"""The scale of a rise is at least this share of the first value: near zero ratios mean nothing."""
_NOISES, _LEAST_NOISE = 3.0, 0.03
_LIMIT = 1e6
_INFINITE = 1e30
_TINY = 1e-12


class DriftDetector:
    """A CUSUM of the residual above a running level, and how far the metric has risen by now.

    A single value, however large, adds ``_CLIP`` at most and moves level, noise and present by a
    few noises at most. ``evidence`` is the CUSUM, ``rise`` the log-rise of the present.
    """

    __slots__ = ("count", "evidence", "first", "level", "noise", "now", "rise", "start")

    def __init__(self) -> None:
        self.count = 0
        self.first = self.start = 0.0
        self.level = self.noise = self.now = self.rise = self.evidence = 0.0

    def update(self, value: float) -> None:
        """Take the next value; NaN and Inf count as evidence and teach nothing."""
        if not -_INFINITE < value < _INFINITE:
            self.evidence = min(_LIMIT, self.evidence + _CLIP)
            return
        count = self.count
        if count == 0:
            self.first = abs(value)
            self.level = self.now = value
            self.noise = 0.1 * self.first + _TINY
        if count < _START:
            self.start = max(self.start, abs(value))
        level, noise = self.level, self.noise
        scale = max(abs(level), _FLOOR * self.first, _NOISES * noise, _TINY)
        noise = max(noise, _LEAST_NOISE * scale)
        residual = value - level
        score = residual / noise
        evidence = (
            self.evidence
            + (_CLIP if score > _CLIP else -_CLIP if score < -_CLIP else score)
            - _ALLOWANCE
        )
        self.evidence = evidence = 0.0 if evidence < 0.0 else min(evidence, _LIMIT)
        self.count = count = count + 1
        rate = 1.0 / (count if count < _MEMORY else _MEMORY)
        if _ELEVATED < evidence < _SETTLED:
            rate *= _HELD
        limit = (3.0 if count > 3 else 10.0) * noise
        bounded = limit if residual > limit else -limit if residual < -limit else residual
        self.level = level + rate * bounded
        if count > 1:
            self.noise += rate * (1.2533 * abs(bounded) - self.noise)
        if count > 3:
            value = min(value, self.now + max(_STRIDE * scale, 8.0 * noise))
        self.now += (value - self.now) / (count if count < _FAST else _FAST)
        above = self.now - self.level
        self.rise = math.log1p(above / scale) if above > 0.0 else 0.0

    def push(self, evidence: float) -> None:
        """Add evidence from elsewhere."""
        self.evidence = min(_LIMIT, self.evidence + evidence)

    def state(self) -> list[float]:
        """Return the state as plain numbers."""
        return [float(getattr(self, name)) for name in self.__slots__]

    def load(self, state: Sequence[float]) -> None:
        """Take over a state of ``state``."""
        for name, value in zip(self.__slots__, state, strict=True):
            setattr(self, name, float(value))
        self.count = int(self.count)
