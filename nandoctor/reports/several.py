"""A report over several inputs as one line a file, the worst first; styles nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from nandoctor.findings import Report
from nandoctor.reports.summary import Mark, worst
from nandoctor.reports.verdict import verdict
from nandoctor.reports.words import Words

A_LINE_EACH = frozenset({"triage", "compare"})
"""Commands whose files are told in a line each, not in a report each."""
_ORDER: tuple[Mark, ...] = ("error", "warning", "clean")


class FileLine(NamedTuple):
    """One file of a report over several."""

    mark: Mark
    name: str
    code: str
    text: str


def file_lines(report: Report, say: Words) -> list[FileLine]:
    """Return a line a file, in the order of the inputs within each severity."""
    below = root(report)
    lines = [_line(file, below, say) for file in report.files]
    return sorted(lines, key=lambda line: _ORDER.index(line.mark))


def worst_first(report: Report) -> list[Report]:
    """Return the files of a report, those with a fault first; a series keeps its order."""
    if report.series:
        return list(report.files)
    return sorted(report.files, key=lambda file: _ORDER.index(worst(file)))


def root(report: Report) -> str:
    """Return the folder that all files lie in, empty where naming it would save nothing."""
    names = [name for file in report.files for name in file.inputs[:1]]
    folder = os.path.commonpath(names) if len(names) > 1 and _are_alike(names) else ""
    return folder if len(folder) > 1 and folder not in names else ""


def _are_alike(names: list[str]) -> bool:
    """Whether a common path exists: none mixes absolute with relative paths."""
    return len({Path(name).is_absolute() for name in names}) == 1


def _line(file: Report, below: str, say: Words) -> FileLine:
    claim = verdict(file, say)
    name = ", ".join(file.inputs)
    name = name[len(below) + 1 :] if below else name
    if file.skipped and not (file.logs or file.checkpoints):
        return FileLine(claim.mark, name, "", file.skipped[0].reason)
    parts = dict.fromkeys(filter(None, (claim.where, claim.title, claim.sentence)))
    return FileLine(claim.mark, name, claim.code, " · ".join(parts))
