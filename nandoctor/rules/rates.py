"""How learning rates move from row to row: jumps and warm-ups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def largest_jump(rates: NDArray[np.float64], onset: int, here: float) -> tuple[float, int]:
    """Return the largest jump up to an onset that still lasted there: factor, row.

    A few rows after the onset count, too: the first row outside the band may be the noise
    before the jump's effect.

    Args:
        here: The rate at the onset.
    """
    best = (1.0, 1)
    for row in range(1, min(onset + 6, len(rates))):
        before = rates[max(0, row - 10) : row]
        before = before[np.isfinite(before) & (before > 0)]
        lasts = row >= onset - 5 or here > 0.5 * rates[row]
        if row < 3 or is_ramp(rates[: row + 1]):
            continue
        if before.size and np.isfinite(rates[row]) and lasts:
            best = max(best, (float(rates[row] / before.max()), row))
    return best


def is_ramp(rates: NDArray[np.float64]) -> bool:
    """Whether rates only rise, in about equal steps: a warm-up."""
    steps = np.diff(rates[np.isfinite(rates)])
    return bool(steps.size > 1 and (steps > 0).all() and steps[-1] <= 3 * steps[:-1].max())
