"""What changed from checkpoint A to checkpoint B, worst first."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.changes import change_counts, change_rows
from nandoctor.reports.rich.style import room, section, table
from nandoctor.reports.text import shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

LIMIT = 25


def changes(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a row a tensor that changed and the counts of all."""
    if not report.changes:
        return None
    lines = change_rows(report, say)
    header = (say("change"), say("moved"), "A", "B")
    rows = table(say("tensor"), *header)
    for column in rows.columns:
        column.no_wrap = True
    rows.columns[2].justify = "right"
    shown = lines[: view.limit(LIMIT)]
    width = room([header, *(row[1:5] for row in shown)], view.width)
    for line in shown:
        name = Text(shorten(line.name, width))
        kind = Text(line.kind, style="red" if line.is_bad else "dim")
        rows.add_row(name, kind, line.moved, line.before, line.after)
    left = len(lines) - len(shown)
    body: list[RenderableType] = [Text(change_counts(report, say), style="dim")]
    body += [rows] if lines else []
    if left > 0:
        body.append(Text(say("{n} more with --all", n=left), style="dim"))
    return section(say("Changes from A to B"), Group(*body))
