"""Which findings of a report count: ``--select`` and ``--ignore`` by code prefix or cause."""

from __future__ import annotations

import re
from dataclasses import replace

from nandoctor.errors import NandoctorError
from nandoctor.findings import Finding, Report

_CODE = re.compile(r"ND\d{0,3}", re.IGNORECASE)


def selected(report: Report, select: str, ignore: str) -> Report:
    """Return the report without the findings that were not asked for.

    Args:
        report: Of any command; its files are filtered too.
        select: Comma-separated code prefixes or causes to keep; empty = all.
        ignore: The same to leave out.

    Raises:
        NandoctorError: A word is neither a code nor a cause.
    """
    keep, leave = _words(select), _words(ignore)
    if not keep and not leave:
        return report
    diagnosis = report.diagnosis
    if diagnosis and not _is_wanted(diagnosis.code, diagnosis.cause, keep, leave):
        report = replace(report, diagnosis=None, prescriptions=())
    return replace(
        report,
        findings=tuple(f for f in report.findings if _is_finding_wanted(f, keep, leave)),
        files=tuple(selected(file, select, ignore) for file in report.files),
    )


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if not _CODE.fullmatch(word) and word not in _causes():
            raise NandoctorError(
                f"{word!r} is neither a code (ND1, ND101) nor a cause",
                hint="nandoctor explain lists them",
            )
    return words


def _causes() -> set[str]:
    from nandoctor.rules import RULES

    return {rule.cause for rule in RULES}


def _is_finding_wanted(finding: Finding, keep: list[str], leave: list[str]) -> bool:
    return _is_wanted(finding.code, finding.cause, keep, leave)


def _is_wanted(code: str, cause: str, keep: list[str], leave: list[str]) -> bool:
    def is_in(words: list[str]) -> bool:
        return any(code.startswith(word.upper()) or cause == word for word in words)

    return (not keep or is_in(keep)) and not is_in(leave)
