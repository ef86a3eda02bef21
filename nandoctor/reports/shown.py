"""A report made ready for people: in their language, and harmless in any terminal or page."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.rewrite import rewritten
from nandoctor.reports.text import visible
from nandoctor.reports.view import View
from nandoctor.reports.words import sentences


def shown(report: Report, view: View) -> Report:
    """Return the report with its sentences translated and every control character spelt out."""
    if report.command == "checklist":  # of all that was observed, only the answers are shown
        report = Report(
            command=report.command, inputs=report.inputs, checklist=report.checklist,
            skipped=report.skipped, timings=report.timings,
        )  # fmt: skip
    translate = sentences(view.lang)
    return rewritten(report, lambda text: visible(translate(text)))
