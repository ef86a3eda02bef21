"""The gradient flow as plain lines of text: one bar a parameter, log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nandoctor.evidence import TensorStats
from nandoctor.reports.flow import mark_of, thinned
from nandoctor.reports.text import number, shorten, visible

NAME, BAR, LIMIT = 44, 30, 80


def flow_text(layers: Sequence[TensorStats]) -> str:
    """Draw the L2 norms of gradients, in the order given; at most 80 that stand out."""
    shown = thinned(list(layers), LIMIT)
    decades = [math.log10(layer.l2) for layer in shown if layer.l2]
    low, high = min(decades, default=0.0), max(decades, default=0.0)
    width = min(NAME, max((len(layer.name) for layer in shown), default=0))
    lines = [_line(layer, width, low, high) for layer in shown]
    left = len(layers) - len(shown)
    return "\n".join([*lines, *([f"{left} more parameters"] if left else [])])


def _line(layer: TensorStats, width: int, low: float, high: float) -> str:
    name = shorten(visible(layer.name), width)
    share = (math.log10(layer.l2) - low) / (high - low) if layer.l2 and high > low else 1.0
    bar = "━" * (1 + round(share * (BAR - 1))) if layer.l2 else ""
    return f"{name:<{width}}  {number(layer.l2):>10}  {bar:<{BAR}}  {mark_of(layer)}".rstrip()
