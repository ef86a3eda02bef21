"""Tensors over several checkpoints, and the checklist, as tables of the page."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.html.blocks import chip, code, section, table
from nandoctor.reports.html.markup import Markup
from nandoctor.reports.series import checklist_points, series_rows
from nandoctor.reports.words import Words

_STATE = {"good": "fixed", "poor": "error", "unknown": "plain"}


def series(report: Report, say: Words) -> Markup | None:
    """Return the norms of the tensors that turned bad or moved much."""
    rows = [
        [code(line.name), line.norms, chip(line.turned, "error") if line.turned else ""]
        for line in series_rows(report, say)
    ]
    header = [say("tensor"), say("l2"), ""]
    return section(say("Over the checkpoints"), table(header, rows)) if rows else None


def checklist(report: Report, say: Words) -> Markup | None:
    """Return every point with its answer and evidence."""
    rows = [
        [point.section, point.item, chip(point.answer, _STATE[point.state]), point.evidence]
        for point in checklist_points(report, say)
    ]
    header = [say("part"), say("point"), say("answer"), say("evidence")]
    return section(say("Checklist"), table(header, rows)) if rows else None
