"""Crashes of the past: a report or a run into the casebook, and the most similar ones out of it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from nandoctor.casebook import Case, Casebook, case_of
from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.findings import SCHEMA, Report
from nandoctor.pipeline.diagnosing import diagnose
from nandoctor.pipeline.settings import Progress, Settings


def case_from(path: str | Path, *, note: str = "", progress: Progress = None) -> Case:
    """Return the case of a JSON report, or of a run that is diagnosed now.

    Raises:
        UnreadableInputError: Neither a report nor a run.
        NandoctorError: Nothing is wrong with it.
    """
    path = Path(path)
    if path.is_file() and path.suffix == ".json":
        report = read_report(path)
    else:
        report = diagnose(path, Settings(), progress=progress).to_dict()
    if report.get("status") != "found":
        raise NandoctorError(
            f"{path}: no crash was found in it", hint="the casebook keeps crashes only"
        )
    return case_of(report, note, date.today().isoformat())


def read_report(path: Path) -> dict[str, Any]:
    """Read a JSON report.

    Raises:
        UnreadableInputError: The file is no ``nandoctor.report/1``.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableInputError(f"{path}: no JSON report ({error})") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise UnreadableInputError(
            f"{path}: no nandoctor report", hint="nandoctor diagnose RUN --format json -o FILE"
        )
    return data


def similar_cases(report: Report, casebook: Casebook | None = None) -> tuple[str, ...]:
    """Return the most similar past crashes in words; empty where no casebook can be read."""
    if report.status != "found":
        return ()
    try:
        found = (casebook or Casebook()).most_like(case_of(report.to_dict()), limit=9, least=0.7)
    except NandoctorError:
        return ()  # a diagnosis does not fail because notes of the past are damaged
    return tuple(_told(case, likeness) for likeness, case in found if case.cause)[:3]


def _told(case: Case, likeness: float) -> str:
    cured = ", ".join(case.fixed_by) or "nothing that was recorded"
    place = f"{case.module or 'the root'}: {case.op}" if case.op else case.run or "a run"
    note = f"; note: {case.note}" if case.note else ""
    return f"{case.cause} at {place} ({likeness:.0%} alike), cured by {cured}{note}"
