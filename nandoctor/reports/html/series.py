"""Tensors over several checkpoints, changes and the checklist, as tables of the page."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.changes import change_counts, change_rows
from nandoctor.reports.html.blocks import chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
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


def changes(report: Report, say: Words) -> Markup | None:
    """Return what changed from checkpoint A to checkpoint B."""
    rows = [
        [code(line.name), chip(line.kind, "error" if line.is_bad else "plain"), line.before,
         line.after, line.moved]
        for line in change_rows(report, say)
    ]  # fmt: skip
    if not report.changes:
        return None
    header = [say("tensor"), say("change"), "A", "B", say("moved")]
    counts = el("p", change_counts(report, say))
    return section(say("Changes from A to B"), counts, table(header, rows, numeric=4))


def checklist(report: Report, say: Words) -> Markup | None:
    """Return every point with its answer and evidence."""
    rows = [
        [point.section, point.item, chip(point.answer, _STATE[point.state]), point.evidence]
        for point in checklist_points(report, say)
    ]
    header = [say("part"), say("point"), say("answer"), say("evidence")]
    return section(say("Checklist"), table(header, rows)) if rows else None
