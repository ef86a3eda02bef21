"""Gradient flow by layer on a log scale, the numerics near the origin, headroom in fp16."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.flow import flow_bars
from nandoctor.reports.phrases import numerics_lines
from nandoctor.reports.precision import precision_rows, precision_summary
from nandoctor.reports.rich.style import bullets, room, section, table
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

ROWS, TIGHTEST = 12, 6
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
    lines = [(text, "") for text in numerics_lines(report)]
    return section(say("Numerics near the origin"), bullets(lines)) if lines else None


def precision(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the modules that come near the ends of fp16 and what bf16 would make of them."""
    summary = precision_summary(report, say)
    if not summary:
        return None
    header = (say("kind"), say("largest"), say("fp16 room"), say("bf16 room"))
    rows = table(say("module"), *header)
    for column in rows.columns:
        column.no_wrap = True
    lines = precision_rows(report, say)[:TIGHTEST]
    width = room([header, *(line[1:5] for line in lines)], view.width)
    for line in lines:
        name = Text(shorten(line.module, width))
        fp16 = Text(line.fp16, style="red" if line.is_bad else "yellow")
        rows.add_row(name, Text(line.kind, style="dim"), line.absmax, fp16, line.bf16)
    body = Group(Text(summary, style="dim"), *([rows] if lines else []))
    return section(say("Precision headroom"), body)
