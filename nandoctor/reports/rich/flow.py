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

ROWS, TIGHTEST = 12, 5
BAR = 20
WIDE, SLIM = 100, (0, 2, 3, 5)
"""Columns of the precision table that stand in a narrower terminal: room for names matters more."""


def flow(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a bar a layer, the worst kept where there are too many, in model order."""
    bars, notes = flow_bars(report, view.limit(ROWS), say)
    if not bars and not notes:
        return None
    rows = table(say("gradient of"), say("l2"), "", "")
    rows.columns[1].justify = "right"
    width = room([[number(bar.norm), "━" * BAR, bar.label] for bar in bars], view.width)
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
    lines = [(text, "") for text in numerics_lines(report, say)]
    return section(say("Numerics near the origin"), bullets(lines)) if lines else None


def precision(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return fp16 against bf16 in a sentence and the bits of room of the tightest modules."""
    summary = precision_summary(report, say)
    if not summary:
        return None
    lines = precision_rows(report, say)
    shown = lines[: view.limit(TIGHTEST)]
    header = (say("kind"), say("largest"), "fp16", "bf16", "fp8", say("lost in fp16"))
    silent = {"", say("activation")}
    told = [
        index for index in range(6)
        if {line[1 + index] for line in shown} - silent and (view.width >= WIDE or index in SLIM)
    ]  # fmt: skip
    titles = [header[index] for index in told]
    rows = table(say("module"), *titles)
    for column in rows.columns:
        column.no_wrap = True
    cells = [[str(line[1 + index]) for index in told] for line in shown]
    width = room([titles, *cells], view.width)
    for line, row in zip(shown, cells, strict=True):
        style = "red" if line.is_bad else ""
        rows.add_row(Text(shorten(line.module, width), style=style), *row)
    left = len(lines) - len(shown)
    more = [Text(say("{n} more with --all", n=left), style="dim")] if left > 0 else []
    title = say("Precision: bits of room to the maximum")
    return section(title, Group(Text(summary, style="dim"), *([rows] if lines else []), *more))
