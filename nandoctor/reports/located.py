"""The findings of a report as places in files, for machines that annotate them; formats nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nandoctor.evidence import LogFacts
from nandoctor.findings import Finding, Report

_LINE = re.compile(r"(?:\bline |:)(\d+)\b")

_OF_LOGS = ("ND6", "ND9")
"""Families of findings that logs give."""


@dataclass(frozen=True, slots=True)
class Located:
    """One finding and where it stands.

    Args:
        finding: What was found.
        file: Source file, log or checkpoint; empty where there is none.
        line: 1-based, None where a line means nothing.
        code: The source line, where there is one.
    """

    finding: Finding
    file: str = ""
    line: int | None = None
    code: str = ""

    @property
    def message(self) -> str:
        """The message with the module or tensor that it is about."""
        where = self.finding.where
        is_told = not where or where in self.finding.message or where.startswith(self.file or "\0")
        return self.finding.message if is_told else f"{self.finding.message} ({where})"


def located(report: Report) -> Iterator[Located]:
    """Yield every finding of a report and of its files with its place."""
    mechanism, cause = report.origin_finding(), report.diagnosis and report.diagnosis.cause
    for finding in report.findings:
        is_at_origin = finding is mechanism or finding.cause == cause
        yield _at_origin(finding, report) if is_at_origin else _in_input(finding, report)
    for file in report.files:
        yield from located(file)


def _at_origin(finding: Finding, report: Report) -> Located:
    origin = report.origin
    source = (origin.user_source or origin.source) if origin else None
    if source is None:
        return _in_input(finding, report)
    return Located(finding, source.file, source.line, source.code)


def _in_input(finding: Finding, report: Report) -> Located:
    own = [log for log in report.logs if finding.where.startswith(log.path or "\0")]
    if own or (report.logs and (finding.code[:3] in _OF_LOGS or not report.checkpoints)):
        log = max(own or report.logs, key=lambda log: len(log.history))
        told = _LINE.search(finding.where.removeprefix(log.path))
        return Located(finding, log.path, int(told[1]) if told else _line_of_crash(log))
    if report.checkpoints:
        return Located(finding, report.checkpoints[0].path)
    return Located(finding, report.inputs[0] if report.inputs else "")


def _line_of_crash(log: LogFacts) -> int | None:
    if log.pattern is None:
        return None
    for step in (log.pattern.first_nonfinite_step, log.pattern.onset_step):
        lines = log.history.line[log.history.step == step].tolist() if step is not None else []
        if lines and lines[0] > 0:
            return int(lines[0])
    return None
