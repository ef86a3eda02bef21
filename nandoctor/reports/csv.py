"""The tensors of a report as CSV, one row a tensor; nothing else of the report is in it."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.text import visible
from nandoctor.reports.view import PLAIN, View

COLUMNS = ("input", *(field.name for field in fields(TensorStats)))


def render(report: Report, view: View = PLAIN) -> str:
    """Return a header and the tensors that the report shows (``--all`` for every one)."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for part in (report, *report.files):
        for tensor in part.tensors:
            table.writerow([visible("".join(part.inputs[:1])), *_cells(tensor)])
    return text.getvalue()


def _cells(tensor: TensorStats) -> list[object]:
    values = (getattr(tensor, name) for name in COLUMNS[1:])
    return [_cell(value) for value in values]


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return visible(value) if isinstance(value, str) else value
