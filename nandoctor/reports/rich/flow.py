"""Gradient flow by layer on a log scale and the numerics near the origin."""

from __future__ import annotations

import math

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.flow import EXPLODING, VANISHING, gradients, thinned
from nandoctor.reports.rich.style import bullets, section, table
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

ROWS = 12
BAR = 24


def flow(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a bar a layer, the worst kept where there are too many, in model order."""
    layers = gradients(report)
    if not layers:
        return None
    rows = table(say("gradient of"), say("l2"), "", "")
    rows.columns[1].justify = "right"
    norms = [layer.l2 for layer in layers if layer.l2]
    low, high = (math.log10(min(norms)), math.log10(max(norms))) if norms else (0.0, 0.0)
    width = max(view.width - BAR - 30, 16)
    bad = [layer for layer in layers if layer.num_nonfinite]
    kept = layers if len(bad) <= ROWS // 2 else [t for t in layers if not t.num_nonfinite]
    for layer in thinned(kept, ROWS):
        label, style = _label(layer, say)
        length = _length(layer, low, high)
        rows.add_row(
            Text(shorten(layer.name, width), no_wrap=True),
            number(layer.l2),
            Text(("━") * length, style=style or "blue", no_wrap=True),
            Text(label, style=style),
        )
    body: list[RenderableType] = [rows] if kept else []
    if len(kept) > ROWS:
        body.append(Text(say("{n} more layers", n=len(kept) - ROWS), style="dim"))
    if kept is not layers:
        text = say("{n} of {all} gradients are non-finite", n=len(bad), all=len(layers))
        body.append(Text(text, style="red"))
    return section(say("Gradient flow (log scale)"), Group(*body))


def _length(layer: TensorStats, low: float, high: float) -> int:
    if not layer.l2:
        return 0
    share = 1.0 if high <= low else (math.log10(layer.l2) - low) / (high - low)
    return 1 + round(share * (BAR - 1))


def _label(layer: TensorStats, say: Words) -> tuple[str, str]:
    if layer.num_nonfinite:
        return say("non-finite"), "red"
    if layer.l2 is not None and layer.l2 > EXPLODING:
        return say("exploding"), "red"
    if layer.l2 is not None and layer.l2 < VANISHING:
        return (say("zero") if layer.l2 == 0 else say("vanishing")), "yellow"
    return "", ""


def numerics(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the key numerics of the layers near the origin."""
    if report.replay is None or not report.replay.numerics:
        return None
    lines = []
    for layer in report.replay.numerics:
        values = ", ".join(f"{name} {number(value)}" for name, value in layer.values.items())
        note = f" ({layer.note})" if layer.note else ""
        lines.append((f"{layer.module or '(root)'}: {layer.kind}: {values}{note}", ""))
    return section(say("Numerics near the origin"), bullets(lines))
