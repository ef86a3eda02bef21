"""Crashes of the past: a report or a run into the casebook, and the most similar ones out of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nandoctor.casebook import Case, Casebook, case_of
from nandoctor.errors import UnreadableInputError
from nandoctor.findings import SCHEMA, Report
from nandoctor.pipeline.api import diagnose
from nandoctor.pipeline.collect import Progress, Settings


def case_from(path: str | Path, *, note: str = "", progress: Progress = None) -> Case:
    """Return the case of a JSON report, or of a run that is diagnosed now.

    Raises:
        UnreadableInputError: Neither a report nor a run.
    """
    path = Path(path)
    if path.is_file() and path.suffix == ".json":
        return case_of(read_report(path), note)
    return case_of(diagnose(path, Settings(), progress=progress).to_dict(), note)


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
    """Return the most similar past crashes in words; empty where there is no casebook."""
    found = (casebook or Casebook()).most_like(case_of(report.to_dict()), limit=3, least=0.7)
    return tuple(
        f"{case.cause} at {case.module or 'the root'}: {case.op} ({likeness:.0%} alike), "
        f"cured by {', '.join(case.fixed_by) or 'nothing that was recorded'}"
        for likeness, case in found
    )
