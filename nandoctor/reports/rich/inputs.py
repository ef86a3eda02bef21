"""What was read: checkpoints and logs, what they lack, hide or could not give."""

from __future__ import annotations

from rich.console import RenderableType

from nandoctor.findings import Report
from nandoctor.reports.reading import read_facts
from nandoctor.reports.rich.style import pairs, section
from nandoctor.reports.text import shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def inputs(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return one row a fact about every file that was read; at most two lines each."""
    room = 2 * (view.width - 18)
    rows = [(label, shorten(text, room)) for label, text in read_facts(report, say)]
    return section(say("What was read"), pairs(rows)) if rows else None
