"""Every finding of the report, gravest first."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import MARK, SEVERITY, section, table
from nandoctor.reports.summary import lead_finding
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

_ORDER = ("error", "warning", "note")


def findings(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the findings besides the one that the headline quotes."""
    lead = lead_finding(report) if report.diagnosis else None
    others = [f for f in report.findings if f is not lead]
    if not others:
        return None
    rows = table("", "", "")
    rows.show_header = False
    rows.columns[0].no_wrap = rows.columns[1].no_wrap = True
    for found in sorted(others, key=lambda f: _ORDER.index(f.severity)):
        line = Text(found.message)
        if found.where:
            line.append(f"  {found.where}", style="dim")
        style = SEVERITY[found.severity]
        sign = Text(f"{MARK[found.severity]} {say(found.severity)}", style=style)
        rows.add_row(sign, Text(found.code, style="dim"), line)
    title = say("Other findings") if lead else say("Findings")
    return section(title, rows)
