"""The gradient flow as a standalone SVG picture: one bar a parameter, log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from nandoctor.evidence import TensorStats
from nandoctor.reports.flow import mark_of, thinned

ROW, LABEL, BARS, MARGIN, LIMIT = 18, 330, 420, 24, 80
COLOURS = {
    "": "#4477aa",
    "zero": "#b8860b",
    "vanishing": "#b8860b",
    "exploding": "#cc3311",
    "non-finite": "#aa0000",
}


def flow_svg(layers: Sequence[TensorStats]) -> str:
    """Draw the L2 norms of gradients, in the order given; at most 80 that stand out.

    Vanishing (0 < norm < 1e-8) and exploding (norm > 1000) layers and non-finite ones are marked
    by colour and by word.
    """
    shown = thinned(list(layers), LIMIT)
    decades = [math.log10(t.l2) for t in shown if t.l2]
    low = math.floor(min(decades, default=-1.0)) - 1
    high = max(math.ceil(max(decades, default=0.0)), low + 1)
    height = ROW * len(shown) + 2 * MARGIN
    body = [_axis(low, high, height)]
    body += [_bar(t, MARGIN + ROW * i, low, high) for i, t in enumerate(shown)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + BARS + 110}" height="{height}" '
        'font-family="sans-serif" font-size="12"><title>Gradient norm by parameter</title>'
        + "".join(body)
        + "</svg>"
    )


def _axis(low: int, high: int, height: int) -> str:
    step = max(1, (high - low) // 8)
    lines = []
    for decade in range(low, high + 1, step):
        x = LABEL + BARS * (decade - low) / (high - low)
        lines.append(
            f'<path d="M{x:.1f} {MARGIN - 6}V{height - MARGIN}" stroke="#8884"/>'
            f'<text x="{x:.1f}" y="{MARGIN - 10}" text-anchor="middle" fill="#777">'
            f"1e{decade}</text>"
        )
    return "".join(lines)


def _bar(layer: TensorStats, y: int, low: int, high: int) -> str:
    mark = mark_of(layer)
    share = (math.log10(layer.l2) - low) / (high - low) if layer.l2 else 0.0
    width = BARS if mark == "non-finite" else BARS * share
    norm = "NaN/Inf" if mark == "non-finite" else f"{layer.l2 or 0.0:.2e}"
    name = layer.name if len(layer.name) <= 48 else f"…{layer.name[-47:]}"
    return (
        f'<text x="{LABEL - 6}" y="{y + 12}" text-anchor="end" fill="#777">{escape(name)}</text>'
        f'<rect x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="{ROW - 5}" '
        f'fill="{COLOURS[mark]}"><title>{escape(layer.name)}</title></rect>'
        f'<text x="{LABEL + width + 4:.1f}" y="{y + 12}" fill="#777">{norm} {mark}</text>'
    )
