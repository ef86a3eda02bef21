"""The origin: the op that failed, its source line, what went in and out, the way to the loss."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.evidence import Source
from nandoctor.findings import Report
from nandoctor.reports.origin_facts import origin_facts, sources
from nandoctor.reports.phrases import finite_replay, replay_notes
from nandoctor.reports.rich.style import bullets, pairs, section
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def origin(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the origin of the replayed step, or that the replay was finite."""
    facts = report.replay
    if facts is None:
        return None
    if facts.origin is None:
        return section(say("Replay"), Text(finite_replay(facts, say)))
    place = facts.origin
    body: list[RenderableType] = [pairs(origin_facts(place, say))]
    body += [_excerpt(source) for source in sources(place)]
    extra = replay_notes(report, say)
    if extra:
        body.append(bullets([(text, "dim") for text in extra]))
    return section(say("Origin"), Group(*body))


def _excerpt(source: Source) -> RenderableType:
    bar = "│"
    text = Text(f"{source.file}:{source.line}", style="underline")
    text.append(f" in {source.function}", style="not underline dim")
    if source.code:
        text.append(f"\n{source.line:>5} {bar} ", style="not underline dim")
        text.append(source.code.strip(), style="not underline bold")
    return text
