"""The loss curve with its pattern, onset and warnings; what else the log tells."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.findings import Report
from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.rich.plot import plot
from nandoctor.reports.rich.style import bullets, section
from nandoctor.reports.verdict import pattern_title
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
    facts = _facts(report, say)
    if facts:
        body.append(bullets([(fact, "") for fact in facts]))
    return section(_title(report, drawn, say), Group(*body))


def _title(report: Report, drawn: Curve | None, say: Words) -> str:
    title = say("Loss curve")
    if report.pattern is not None:
        title += f": {pattern_title(report.pattern, say)}"
    if drawn is not None and drawn.segment:
        title += " · " + say("segment {which}", which=drawn.segment)
    if drawn is not None and drawn.is_log:
        title += " · " + say("log scale")
    return title


def legend(drawn: Curve, say: Words) -> str:
    """Return what the marks on the axis stand for."""
    parts = []
    marks = [
        (drawn.onset, "▲", "onset"),
        (drawn.watch[0] if drawn.watch else None, "w", "watch"),
        (drawn.alarm[0] if drawn.alarm else None, "a", "alarm"),
        (drawn.bad_step[0] if len(drawn.bad_step) else None, "✗", "NaN"),
    ]
    for step, sign, name in marks:
        if step is not None:
            parts.append(f"{sign} {say(name)} {step:.0f}")
    return "   ".join(parts)


def _facts(report: Report, say: Words) -> list[str]:
    pattern, forecast = report.pattern, report.forecast
    facts = list(pattern.evidence) if pattern else []
    if pattern and pattern.hidden_nan_step is not None:
        facts.append(say("the log hides NaN from step {step}", step=pattern.hidden_nan_step))
    if forecast and forecast.lead is not None:
        first = min((*forecast.alarm, *forecast.watch))
        facts.append(say("the first warning stood at step {step}, {lead} steps before the crash",
                         step=first, lead=forecast.lead))  # fmt: skip
    return facts
