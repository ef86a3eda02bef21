"""What to do now, in order, and what to collect next where the evidence does not decide."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import GRADE, section
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def plan(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the numbered prescriptions and the next thing to collect."""
    if not report.prescriptions and not report.next_evidence:
        return None
    steps = Table.grid(padding=(0, 1))
    steps.add_column(justify="right", style="bold", no_wrap=True)
    steps.add_column(overflow="fold")
    for index, item in enumerate(report.prescriptions, 1):
        line = Text(item.action)
        if item.value:
            line.append(say(": ")).append(item.value, style="bold")
        grade = item.grade.name
        line.append(f"  [{say(grade)}]", style=GRADE[grade])
        if item.why:
            line.append(f"\n{item.why}", style="dim")
        steps.add_row(f"{index}.", line)
    if report.next_evidence:
        ask = Text(say("To decide, collect next: "), style="yellow")
        steps.add_row("→", ask.append(report.next_evidence, style="not yellow"))
    return section(say("What to do now"), Group(steps))
