"""A report made ready for people: in their language, and harmless in any terminal or page."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.rewrite import rewritten
from nandoctor.reports.text import visible
from nandoctor.reports.view import View
from nandoctor.reports.words import sentences


def shown(report: Report, view: View) -> Report:
    """Return the report with its sentences translated and every control character spelt out."""
    translate = sentences(view.lang)
    return rewritten(report, lambda text: visible(translate(text)))
