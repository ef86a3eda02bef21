"""A one-sided, robust change detector over one metric, of constant size; it judges no run."""

from __future__ import annotations

import math

_MEMORY = 64
_MIN_SIGMA = 0.05
_ALLOWANCE = 1.0
_CLIP = 4.0
_LIMIT = 60.0
_FLOOR_SHARE = 0.02


class DriftDetector:
    """CUSUM of the robust residual of the log of a metric above its own running level."""

    __slots__ = ("count", "floor", "level", "score", "sigma")

    def __init__(self) -> None:
        self.count = 0
        self.floor = 0.0
        self.level = 0.0
        self.sigma = 0.0
        self.score = 0.0

    def update(self, value: float) -> None:
        """Take the next value."""
        if not math.isfinite(value):
            self.score = min(_LIMIT, self.score + _CLIP)
            return
        if self.count == 0:
            self.floor = max(abs(value) * _FLOOR_SHARE, 1e-12)
        height = math.asinh(value / self.floor)
        self.count += 1
        if self.count == 1:
            self.level, self.sigma = height, 0.3
            return
        rate = max(1.0 / self.count, 1.0 / _MEMORY)
        sigma = max(self.sigma, _MIN_SIGMA)
        residual = height - self.level
        self.score = min(
            _LIMIT, max(0.0, self.score + max(-_CLIP, min(_CLIP, residual / sigma)) - _ALLOWANCE)
        )
        bounded = max(-3 * sigma, min(3 * sigma, residual))
        if self.score > 6.0:
            rate *= 0.1
        self.level += rate * bounded
        self.sigma += rate * (1.2533 * abs(bounded) - self.sigma)

    def state(self) -> list[float]:
        return [self.count, self.floor, self.level, self.sigma, self.score]

    def load(self, state) -> None:
        self.count, self.floor, self.level, self.sigma, self.score = state
