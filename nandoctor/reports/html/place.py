"""The origin on the page: provenance from origin to loss, source line, operands, notes."""

from __future__ import annotations

from nandoctor.evidence import Source
from nandoctor.findings import Report
from nandoctor.reports.html.blocks import bullets, code, facts, section
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.origin_facts import origin_facts, short_path, sources
from nandoctor.reports.phrases import finite_replay, replay_notes
from nandoctor.reports.words import Words

_LONGEST = 14
"""Links of the chain that are drawn; the middle of a longer one is folded into one link."""


def origin(report: Report, say: Words) -> Markup | None:
    """Return the origin of the replayed step, or that the replay was finite."""
    replay = report.replay
    if replay is None:
        return None
    if replay.origin is None:
        return section(say("Replay"), el("p", finite_replay(replay, say)))
    place = replay.origin
    notes = replay_notes(report, say)
    left_out = {say("path")}
    rows = [(label, code(v)) for label, v in origin_facts(place, say) if label not in left_out]
    return section(
        say("Origin"),
        *(_excerpt(source) for source in sources(place)),
        facts(rows),
        bullets([(note, "other") for note in notes]) if notes else None,
    )


def _excerpt(source: Source) -> Markup:
    where = el("figcaption", code(f"{source.file}:{source.line}"), f" {source.function}")
    line = el("pre", el("span", str(source.line), class_="no"), el("code", source.code.strip()))
    return el("figure", where, line if source.code else None, class_="source", data_row=True)


def provenance(report: Report, say: Words) -> Markup | None:
    """Return the chain of ops that carried the bad value from the origin to the loss."""
    place = report.origin
    if place is None or len(place.path_to_loss) < 2:
        return None
    chain = short_path(place, say, _LONGEST)
    links = [el("li", *_link(text), data_row=True) for text in chain]
    return section(say("From the origin to the loss"), el("ol", links, class_="chain"))


def _link(text: str) -> tuple[Markup, Markup | None]:
    module, _, op = text.rpartition(": ")
    return el("strong", op), el("span", module) if module else None
