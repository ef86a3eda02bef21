"""Several inputs in one report: a line a file."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import MARK, SEVERITY, section, table
from nandoctor.reports.text import shorten
from nandoctor.reports.verdict import Verdict, verdict
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def files(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a line a file: its verdict and where it stands."""
    if not report.files:
        return None
    rows = table("", "", "")
    rows.show_header = False
    rows.columns[0].no_wrap = True
    for file in report.files:
        claim = verdict(file, say)
        name = shorten(", ".join(file.inputs), max(view.width // 3, 20))
        sign = Text(f"{MARK[claim.mark]} {name}", style=SEVERITY[claim.mark])
        rows.add_row(sign, Text(claim.code, style="dim"), Text(_line(file, claim)))
    return section(say("{n} files", n=len(report.files)), rows)


def _line(file: Report, claim: Verdict) -> str:
    if file.skipped and not (file.logs or file.checkpoints):
        return file.skipped[0].reason
    parts = (claim.title, claim.sentence, claim.where)
    return " · ".join(dict.fromkeys(part for part in parts if part))
