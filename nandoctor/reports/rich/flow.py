"""Gradient flow by layer on a log scale and the numerics near the origin."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.flow import flow_bars
from nandoctor.reports.rich.style import bullets, section, table
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

ROWS = 12
BAR = 24


def flow(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a bar a layer, the worst kept where there are too many, in model order."""
    bars, notes = flow_bars(report, ROWS, say)
    if not bars and not notes:
        return None
    rows = table(say("gradient of"), say("l2"), "", "")
    rows.columns[1].justify = "right"
    width = max(view.width - BAR - 30, 16)
    for bar in bars:
        style = {"error": "red", "warning": "yellow", "": ""}[bar.kind]
        length = 1 + round(bar.share * (BAR - 1)) if bar.norm else 0
        rows.add_row(
            Text(shorten(bar.name, width), no_wrap=True),
            number(bar.norm),
            Text("━" * length, style=style or "blue", no_wrap=True),
            Text(bar.label, style=style),
        )
    told = [Text(note, style="dim") for note in notes]
    return section(say("Gradient flow (log scale)"), Group(*([rows] if bars else []), *told))


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
