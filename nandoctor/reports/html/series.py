"""Tensors over several checkpoints, changes and the checklist, as tables of the page."""

from __future__ import annotations

from itertools import groupby

from nandoctor.findings import Report
from nandoctor.reports.changes import change_counts, change_rows
from nandoctor.reports.html.blocks import chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.series import checklist_points, norms_title, series_rows
from nandoctor.reports.words import Words

_STATE = {"good": "fixed", "poor": "error", "unknown": "plain"}


def series(report: Report, say: Words) -> Markup | None:
    """Return the norms of the tensors that turned bad or moved much."""
    rows = [
        [code(line.name), line.norms, chip(line.turned, "error") if line.turned else ""]
        for line in series_rows(report, say)
    ]
    header = [say("tensor"), norms_title(report, say), ""]
    body = table(header, rows, more=say("Show all {n} rows", n=len(rows)))
    return section(say("Over the checkpoints"), body) if rows else None


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
    body = table(header, rows, numeric=2, more=say("Show all {n} rows", n=len(rows)))
    return section(say("Changes from A to B"), counts, body if rows else None)


def checklist(report: Report, say: Words) -> Markup | None:
    """Return every point with its answer and evidence, under the heading of its part."""
    points = checklist_points(report, say)
    if not points:
        return None
    parts = []
    for title, part in groupby(points, key=lambda point: point.section):
        rows = [[chip(p.answer, _STATE[p.state]), p.item, el("span", p.evidence, class_="why")]
                for p in part]  # fmt: skip
        header = [say("answer"), say("point"), say("evidence")]
        parts += [el("h3", title), table(header, rows, kind="cards points")]
    return section(say("Checklist"), parts)
