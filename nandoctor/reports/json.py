"""The report as the strict JSON of the public contract; the shape is fixed in findings/."""

from __future__ import annotations

import json

from nandoctor.findings import Report
from nandoctor.reports.view import PLAIN, View


def render(report: Report, view: View = PLAIN) -> str:
    """Return the report as indented ASCII JSON without NaN or Infinity literals."""
    return json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"
