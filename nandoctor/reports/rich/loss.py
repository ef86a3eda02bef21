"""The loss curve with its pattern, onset and warnings; what else the log tells."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.phrases import pattern_facts
from nandoctor.reports.plot import legend, plot
from nandoctor.reports.rich.style import bullets, section
from nandoctor.reports.summary import pattern_title
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

HEIGHT = 9
MAX_WIDTH = 120


def loss(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the curve, its legend and the numbers behind the pattern."""
    drawn = curve(report)
    if drawn is None and report.pattern is None:
        return None
    body: list[RenderableType] = []
    if drawn is not None:
        width = min(view.width - 4, MAX_WIDTH)
        lines = plot(drawn, width, HEIGHT, is_ascii=view.is_ascii)
        body.append(Text("\n".join(line.rstrip() for line in lines), no_wrap=True))
        body.append(Text(legend(drawn, say), style="dim"))
    facts = pattern_facts(report, say)
    if facts:
        body.append(bullets([(fact, "") for fact in facts]))
    return section(_title(report, drawn, say), Group(*body))


def _title(report: Report, drawn: Curve | None, say: Words) -> str:
    title = say("Loss curve")
    if report.pattern is not None:
        title += say(": ") + pattern_title(report.pattern, say)
    if drawn is not None and drawn.segment:
        title += " · " + say("segment {which}", which=drawn.segment)
    if drawn is not None and drawn.is_log:
        title += " · " + say("log scale")
    return title
