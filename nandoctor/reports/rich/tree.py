"""The decision tree: each question, the branch taken and the evidence for it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.rich.style import section
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def tree(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the walk through the tree, one question a row, deeper ones further down."""
    if not report.decision:
        return None
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    last = len(report.decision) - 1
    fork, end, bar = "├─", "└─", "│"
    for index, step in enumerate(report.decision):
        line = Text(say(step.question) + " ")
        taken, colon, leaf = step.answer.partition(": ")
        line.append(say(taken), style="bold").append(colon + say(leaf))
        grid.add_row(end if index == last else fork, line)
        if step.evidence:
            grid.add_row(" " if index == last else bar, Text(step.evidence, style="dim"))
    return section(say("Decision tree"), grid)
