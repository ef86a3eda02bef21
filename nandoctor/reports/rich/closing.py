"""What is missing and would have added, and how long each stage took."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.phrases import missing
from nandoctor.reports.rich.style import bullets, section
from nandoctor.reports.text import seconds
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def unseen(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return what was not looked at, why, and what it would have added."""
    lines = [(text, "") for text in missing(report, say)]
    return section(say("Not looked at"), bullets(lines)) if lines else None


def timings(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the time of each stage and in all."""
    if not report.timings:
        return None
    total = say("{time} in all", time=seconds(sum(report.timings.values())))
    stages = [f"{say(name)} {seconds(value)}" for name, value in report.timings.items()]
    return section(say("Time"), Text(f"{total}: {', '.join(stages)}", style="dim"))
