"""The suspicious tensors, worst first."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.phrases import bad_count
from nandoctor.reports.rich.style import section, table
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

LIMIT = 20
_OTHERS = 44
"""Columns that the numbers take."""


def tensors(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the table of tensors that the report carries."""
    if not report.tensors:
        return None
    rows = table(say("tensor"), say("role"), say("bad"), say("min"), say("max"), say("l2"))
    for column in rows.columns[1:]:
        column.no_wrap = True
    for column in rows.columns[2:]:
        column.justify = "right"
    width = max(view.width - 3 - _OTHERS, 16)
    shown = report.tensors if report.command == "inspect" else report.tensors[:LIMIT]
    for stats in shown:
        rows.add_row(
            Text(shorten(stats.name, width), no_wrap=True), Text(say(stats.role), style="dim"),
            Text(bad_count(stats), style="dim" if stats.is_finite else "red"),
            number(stats.min), number(stats.max), number(stats.l2),
        )  # fmt: skip
    left = len(report.tensors) - len(shown)
    more = [Text(say("{n} more in --format json", n=left), style="dim")] if left else []
    return section(say("Suspicious tensors"), Group(rows, *more))
