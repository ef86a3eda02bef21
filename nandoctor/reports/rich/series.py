"""Tensors over several checkpoints, and the checklist of a run."""

from __future__ import annotations

from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import section, table
from nandoctor.reports.series import checklist_points, norms_title, series_rows
from nandoctor.reports.text import shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

LIMIT = 15
_STATE = {"good": ("✓", "green"), "poor": ("✗", "red"), "unknown": ("?", "dim")}


def series(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the norms of the tensors that turned bad or moved much."""
    lines = series_rows(report, say)
    if not lines:
        return None
    rows = table(say("tensor"), norms_title(report, say), "")
    shown = lines[: view.limit(LIMIT)]
    for line in shown:
        style = "red" if line.is_bad else ""
        name = Text(shorten(line.name, view.width // 3), no_wrap=True)
        rows.add_row(name, line.norms, Text(line.turned, style=style))
    left = len(lines) - len(shown)
    more = [Text(say("{n} more with --all", n=left), style="dim")] if left > 0 else []
    return section(say("Over the checkpoints"), Group(rows, *more))


def checklist(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return every point with its answer and evidence, under the heading of its part."""
    points = checklist_points(report, say)
    if not points:
        return None
    groups: list[RenderableType] = []
    for title, part in groupby(points, key=lambda point: point.section):
        rows = table("", "", "")
        rows.show_header = False
        rows.columns[0].width, rows.columns[1].width = 9, (view.width - 15) // 2
        for point in part:
            sign, style = _STATE[point.state]
            answer = Text(f"{sign} {point.answer}", style=style, no_wrap=True)
            rows.add_row(answer, point.item, Text(point.evidence, style="dim"))
        groups += ["", Text(title, style="bold dim"), rows]
    return section(say("Checklist"), Group(*groups[1:]))
