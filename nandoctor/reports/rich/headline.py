"""The first lines of the terminal report: what was asked, the verdict, why and why not."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.phrases import reasons
from nandoctor.reports.rich.style import GRADE, MARK, SEVERITY, bullets, section
from nandoctor.reports.text import shorten
from nandoctor.reports.verdict import verdict
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def headline(report: Report, view: View, say: Words) -> RenderableType:
    """Return command, inputs and verdict."""
    inputs = ", ".join(report.inputs[:3]) + (" …" if len(report.inputs) > 3 else "")
    top = Text(f"nandoctor {report.command} ", style="dim")
    top.append(shorten(inputs, max(view.width - len(top) - 1, 20)))
    claim = verdict(report, say)
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(overflow="fold")
    line.add_column(justify="right", no_wrap=True)
    title = Text(f"{MARK[claim.mark]} {claim.title}", style=SEVERITY[claim.mark])
    if claim.code:
        title.append(f"  {claim.code}", style="dim not bold")
    grade = report.diagnosis.grade.name if report.diagnosis else ""
    line.add_row(title, Text(claim.certainty, style=GRADE.get(grade, "dim")))
    rest = [(claim.sentence, ""), (claim.where, "dim")]
    told = [Padding(Text(part, style=style), (0, 0, 0, 2)) for part, style in rest if part]
    return Group(top, "", line, *told)


def likely(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return what else the curve alone suggests."""
    lines = [(text, "") for text in report.likely]
    return section(say("Likely causes"), bullets(lines)) if lines else None


def seen_before(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the most similar crashes of the casebook."""
    lines = [(text, "") for text in report.similar]
    return section(say("Similar past crashes"), bullets(lines)) if lines else None


def why(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the evidence for and against the diagnosis and the causes ruled out."""
    styles = {"for": "", "against": "yellow", "other": "dim"}
    lines = [(reason.text, styles[reason.kind]) for reason in reasons(report, say)]
    return section(say("Why"), bullets(lines)) if lines else None
