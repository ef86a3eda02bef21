"""JUnit XML: a suite an input, a failed case an error or warning, for any CI's test page."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from nandoctor.findings import Report
from nandoctor.reports.located import Located, located
from nandoctor.reports.shown import shown
from nandoctor.reports.verdict import verdict
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import words


def render(report: Report, view: View = PLAIN) -> str:
    """Return the test suites; an input without error or warning is one passed case."""
    report = shown(report, view)
    suites = [_suite(file, view) for file in report.files or (report,)]
    root = ElementTree.Element(
        "testsuites", {"name": f"nandoctor {report.command}", **_totals(suites)}
    )
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(report: Report, view: View) -> ElementTree.Element:
    name = ", ".join(report.inputs) or report.command
    grave = [place for place in located(report) if place.finding.severity != "note"]
    cases = [_failed(place, name) for place in grave] or [_passed(report, name, view)]
    unread = report.skipped and not (report.logs or report.checkpoints or report.replay)
    if unread and not grave:
        cases = [_skipped(report, name)]
    suite = ElementTree.Element(
        "testsuite", name=name, tests=str(len(cases)), failures=str(len(grave)), errors="0",
        skipped=str(int(bool(unread) and not grave)), time=f"{sum(report.timings.values()):.3f}",
    )  # fmt: skip
    suite.extend(cases)
    return suite


def _failed(place: Located, name: str) -> ElementTree.Element:
    finding = place.finding
    case = ElementTree.Element("testcase", classname=name, name=f"{finding.code} {finding.cause}")
    at = f"{place.file}:{place.line}" if place.line else place.file
    failure = ElementTree.SubElement(case, "failure", type=finding.severity, message=place.message)
    lines = [at, place.code, f"grade: {finding.grade.name}", *finding.evidence]
    failure.text = "\n".join(line for line in lines if line)
    return case


def _passed(report: Report, name: str, view: View) -> ElementTree.Element:
    return ElementTree.Element(
        "testcase", classname=name, name=verdict(report, words(view.lang)).title
    )


def _skipped(report: Report, name: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=name, name=report.skipped[0].what)
    ElementTree.SubElement(case, "skipped", message=report.skipped[0].reason)
    return case


def _totals(suites: Iterable[ElementTree.Element]) -> dict[str, str]:
    counted = ("tests", "failures", "errors", "skipped")
    return {key: str(sum(int(suite.attrib[key]) for suite in suites)) for key in counted}
