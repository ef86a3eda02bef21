"""SARIF 2.1.0: the findings for code scanning, each at its source line; the diagnosis leads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nandoctor import __version__
from nandoctor.findings import Report, plain
from nandoctor.reports.located import Located, located
from nandoctor.reports.shown import shown
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import cause_title, words

SCHEMA_URI = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://github.com/nandoctor/nandoctor"


def render(report: Report, view: View = PLAIN) -> str:
    """Return one SARIF run; notes are results of level note."""
    report = shown(report, view)
    places = sorted(located(report), key=lambda place: not _leads(place, report))
    codes = list(dict.fromkeys(place.finding.code for place in places))
    driver = {
        "name": "nandoctor",
        "version": __version__,
        "informationUri": HOME,
        "rules": [_rule(code, places, view) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_result(place, codes, report) for place in places],
        "columnKind": "unicodeCodePoints",
        "properties": {"command": report.command, "status": report.status},
    }
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, allow_nan=False) + "\n"


def _leads(place: Located, report: Report) -> bool:
    return report.diagnosis is not None and place.finding.cause == report.diagnosis.cause


def _rule(code: str, places: list[Located], view: View) -> dict[str, Any]:
    cause = next(place.finding.cause for place in places if place.finding.code == code)
    title = cause_title(cause, words(view.lang))
    return {
        "id": code,
        "name": "".join(part.capitalize() for part in cause.split("_")),
        "shortDescription": {"text": title},
        "help": {"text": f"nandoctor explain {code}"},
    }


def _result(place: Located, codes: list[str], report: Report) -> dict[str, Any]:
    finding = place.finding
    properties = {"cause": finding.cause, "grade": finding.grade.name, "where": finding.where}
    if _leads(place, report) and report.diagnosis is not None:
        properties["confidence"] = plain(report.diagnosis.confidence)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": ". ".join((place.message, *finding.evidence))},
        "properties": properties,
    }
    if place.file:
        result["locations"] = [_location(place)]
    return result


def _location(place: Located) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line:
        region: dict[str, Any] = {"startLine": place.line}
        if place.code:
            region["snippet"] = {"text": place.code}
        physical["region"] = region
    location: dict[str, Any] = {"physicalLocation": physical}
    if place.finding.where:
        location["logicalLocations"] = [{"fullyQualifiedName": place.finding.where}]
    return location


def _uri(file: str) -> str:
    """Return a URI: relative to where the command runs if it lies below, as code scanning wants."""
    path = Path(file)
    if path.is_absolute():
        here = Path.cwd()
        if not path.is_relative_to(here):
            return path.as_uri()
        path = path.relative_to(here)
    return quote(path.as_posix())
