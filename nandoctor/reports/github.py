"""GitHub Actions annotations: one workflow command a finding, shown on the line it is about."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.located import Located, located
from nandoctor.reports.shown import shown
from nandoctor.reports.verdict import verdict
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import cause_title, words

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report, view: View = PLAIN) -> str:
    """Return the annotations and one plain line that sums up."""
    report = shown(report, view)
    claim = verdict(report, words(view.lang))
    lines = [_annotation(place, view) for place in located(report)]
    lines.append(f"nandoctor {report.command}: {claim.title}")
    return "\n".join(lines) + "\n"


def _annotation(place: Located, view: View) -> str:
    finding = place.finding
    title = f"{cause_title(finding.cause, words(view.lang))} ({finding.code}, {finding.grade.name})"
    properties = {"file": place.file, "line": place.line or "", "title": title}
    told = ",".join(f"{name}={_property(str(v))}" for name, v in properties.items() if v)
    return f"::{_LEVELS[finding.severity]} {told}::{_data(place.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
