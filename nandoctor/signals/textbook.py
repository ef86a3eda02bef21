"""The textbook crash predictor, exactly as taught: the baseline that the forecast is held to."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from nandoctor.evidence import MetricHistory
from nandoctor.signals.noise import Floats

Action = Literal["none", "log", "reduce_lr", "clip_harder", "checkpoint_and_stop"]

RISING, ACCELERATING, GRAD_JUMP, GRAD_OUTLIER = 0.3, 0.4, 0.5, 0.6
"""The risk that each of the four signs adds."""
_ACTIONS: tuple[tuple[float, Action], ...] = (
    (0.9, "checkpoint_and_stop"), (0.7, "clip_harder"), (0.5, "reduce_lr"), (0.3, "log"),
)  # fmt: skip
_MIN_GRADS = 10


def risks(loss: Floats, grad_norm: Floats) -> tuple[float, ...]:
    """Return the risks that the last step of two series shows, as far as they are long enough.

    Args:
        loss: float64[n], finite, up to and including now.
        grad_norm: float64[m], finite, up to and including now.
    """
    found = []
    if len(loss) >= 4:
        rise = np.diff(loss[-4:])
        if (rise > 0).all():
            found.append(RISING)
            if (np.diff(rise) > 0).all():
                found.append(ACCELERATING)
    if len(grad_norm) >= 4 and grad_norm[-1] > 5.0 * grad_norm[-4]:
        found.append(GRAD_JUMP)
    if len(grad_norm) > _MIN_GRADS and grad_norm[-1] > 2.0 * np.quantile(grad_norm[:-1], 0.99):
        found.append(GRAD_OUTLIER)
    return tuple(found)


def combined(risks: tuple[float, ...]) -> float:
    """Return 1 - the product of (1 - risk)."""
    return 1.0 - math.prod(1.0 - risk for risk in risks)


def action(probability: float) -> Action:
    """Return the graded action that the textbook takes at a probability."""
    return next((name for limit, name in _ACTIONS if probability >= limit), "none")


def probabilities(history: MetricHistory, window: int = 100) -> Floats:
    """Return the predictor's crash probability after each row of a log, float64[n]."""
    series = {}
    for name in ("loss", "grad_norm"):
        column = history.columns.get(name)
        empty = np.full(len(history), np.nan)
        series[name] = empty if column is None else np.where(column.finite, column.values, np.nan)
    result = np.zeros(len(history))
    for row in range(len(history)):
        recent = slice(max(0, row + 1 - window), row + 1)
        loss, grad = series["loss"][recent], series["grad_norm"][recent]
        result[row] = combined(risks(loss[~np.isnan(loss)], grad[~np.isnan(grad)]))
    return result
