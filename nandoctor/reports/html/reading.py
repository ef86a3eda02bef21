"""The end of the page: what was read, what was not looked at, how long it took."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.html.blocks import bullets, facts, section
from nandoctor.reports.html.markup import Markup
from nandoctor.reports.phrases import missing
from nandoctor.reports.reading import read_facts
from nandoctor.reports.text import seconds
from nandoctor.reports.words import Words


def inputs(report: Report, say: Words) -> Markup | None:
    """Return what is known of every file that was read."""
    rows = read_facts(report, say)
    return section(say("What was read"), facts(rows)) if rows else None


def unseen(report: Report, say: Words) -> Markup | None:
    """Return what was not looked at, why, and what it would have added."""
    lines = [(text, "other") for text in missing(report, say)]
    return section(say("Not looked at"), bullets(lines)) if lines else None


def timings(report: Report, say: Words) -> Markup | None:
    """Return the time of each stage and in all."""
    rows = [(say(name), seconds(value)) for name, value in report.timings.items()]
    if not rows:
        return None
    total = (say("in all"), seconds(sum(report.timings.values())))
    return section(say("Time"), facts([*rows, total]), kind="quiet")
