"""Several inputs in one report: a line a file, the worst first."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import MARK, SEVERITY, section, table
from nandoctor.reports.several import file_lines, root
from nandoctor.reports.text import clipped, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def files(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a line a file: its verdict and where it stands."""
    if not report.files:
        return None
    rows = table("", "", "")
    rows.show_header = False
    for column in rows.columns:
        column.no_wrap = True
    lines = file_lines(report, say)
    width = min(max(len(line.name) for line in lines), view.width // 3)
    has_codes = any(line.code for line in lines)
    room = view.width - width - 10 - 7 * has_codes
    for line in lines:
        sign = Text(f"{MARK[line.mark]} {shorten(line.name, width)}", style=SEVERITY[line.mark])
        style = "dim" if line.mark == "clean" else ""
        rows.add_row(
            sign, Text(line.code, style="dim"), Text(clipped(line.text, room), style=style)
        )
    below = root(report)
    where = Text(say("below {folder}", folder=below), style="dim") if below else None
    title = say("{n} files", n=len(report.files))
    return section(title, Group(*filter(None, [where]), rows))
