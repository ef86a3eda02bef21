"""The logarithmic height on which losses are compared, near zero and below zero too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nandoctor.signals.noise import Floats

_FLOOR_SHARE = 0.02
"""A rise below this share of the initial loss means nothing, whatever its ratio."""
_NEAR_ZERO, _NOTHING = 1e-3, 0.05
"""A loss that begins at zero (a divergence from a copy of itself) is expected to rise so far."""
_TINY = 1e-30
_AT_ONCE = 1e4
"""Times the very first loss (or 1) that a run begins at; more was reached by exploding at once."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps a loss to its height ``log(|loss - base| + floor)``."""

    base: float
    floor: float
    spread: float

    def height(self, loss: Floats) -> Floats:
        """Return the height of each finite loss, float64[n]."""
        above = np.maximum(loss - self.base, 0.0)
        # A loss that has left its range downwards by far explodes too (GAN critics, NLL).
        below = np.maximum(self.base - loss - 10.0 * self.spread, 0.0)
        heights: Floats = np.log(np.maximum(above, below) + self.floor)
        return heights


def scale_of(loss: Floats) -> Scale:
    """Return the scale of a run from its finite losses in order, float64[n], n >= 1."""
    first = loss[: max(1, min(5, len(loss) // 4))]
    initial = abs(float(np.median(first)))
    initial = min(initial, _AT_ONCE * max(1.0, abs(float(loss[0]))))
    early = loss[: max(1, (2 * len(loss)) // 3)]
    low, high = (float(q) for q in np.quantile(early, (0.02, 0.75)))
    if early.min() >= 0.0:
        floor = _FLOOR_SHARE * initial if initial >= _NEAR_ZERO else _NOTHING
        return Scale(0.0, floor, max(high, initial))
    spread = max(high - low, _FLOOR_SHARE * abs(low), _TINY)
    return Scale(low - spread, 0.1 * spread, spread)
