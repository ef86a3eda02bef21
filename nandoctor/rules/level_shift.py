"""A lasting shift of the gradient norm at constant loss and rate; no cause is named here."""

from __future__ import annotations

import numpy as np

from nandoctor.rules.curve import Curve

WINDOW = 20
SEPARATION = 1.5  # the smallest norm after the shift over the largest before it


def level_shift(curve: Curve) -> tuple[float, int] | None:
    """Return (factor, step) of a lasting shift of the gradient norm at constant loss and lr."""
    norms, rates = curve.grad_norm, curve.lr
    if norms is None:
        return None
    losses, best = curve.loss, None
    for row in range(WINDOW, curve.onset + 1):
        after, before = slice(row, row + 5), slice(row - WINDOW, row)
        new, old = norms[after], norms[before]
        if len(new) < 5 or not (np.isfinite(new).all() and np.isfinite(old).all()):
            continue
        if new.min() < SEPARATION * old.max() or np.median(new) < 3 * np.median(old):
            continue
        if new[2:].max() > 3 * new[:2].max():
            continue
        if np.median(losses[after]) > losses[before].max():
            continue
        if rates is not None and not rates[row] <= 1.2 * rates[row - 1]:
            continue
        best = max(best or (0.0, 0), (float(new.min() / old.max()), row))
    if best is None:
        return None
    row = best[1]
    return float(np.median(norms[row : row + 5]) / np.median(norms[row - WINDOW : row])), int(
        curve.history.step[row]
    )
