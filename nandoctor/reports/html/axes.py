"""Where a step and a value stand in the drawing of a curve: per cent and pixels."""

from __future__ import annotations

import numpy as np

from nandoctor.reports.curve import Curve

AXIS, TOP, BOTTOM = 56, 8, 22


def span(line: Curve) -> tuple[float, float]:
    """Return the lowest and highest height on the drawing, with some room around the curve."""
    heights = line.scaled()
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    room = (high - low) * 0.06 or abs(high) * 0.1 or 0.5
    return low - room, high + room


def share(line: Curve, step: float) -> float:
    """Return the place of a step on the axis, 0..100."""
    first, last = float(line.step.min()), float(line.step.max())
    return 100 * (step - first) / max(last - first, 1e-12)


def x_of(line: Curve, step: float) -> str:
    """Return the place of a step in per cent of the width."""
    return f"{share(line, step):.2f}%"


def y_of(line: Curve, height: int, value: float) -> float:
    """Return the pixel of a scaled value, from the top."""
    low, high = span(line)
    return TOP + (high - value) / (high - low) * (height - TOP - BOTTOM)
