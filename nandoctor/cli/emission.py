"""What becomes of a finished report: cut, rendered, shown, and its exit code; no parser here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nandoctor.cli.selection import selected
from nandoctor.cli.terminal import say, spoken, terminal_view, write
from nandoctor.errors import ExitCode
from nandoctor.findings import Report
from nandoctor.reports import RENDERERS, View
from nandoctor.reports.redact import redacted

SUFFIXES = {
    ".json": "json", ".md": "markdown", ".html": "html", ".htm": "html", ".sarif": "sarif",
    ".xml": "junit", ".csv": "csv",
}  # fmt: skip
JUDGES_NOTHING = frozenset({"compare"})
"""Commands that end with 0 when they are done, whatever they show."""


def emit(
    report: Report,
    *,
    format_: str | None = None,
    output: Path | None = None,
    select: str = "",
    ignore: str = "",
    redact: bool = False,
    lang: str = "en",
    show_all: bool = False,
    exit_zero: bool = False,
) -> int:
    """Print or write a report and return the exit code."""
    report = selected(report, select, ignore)
    if redact:
        report = redacted(report)
    name = format_ or (SUFFIXES.get(output.suffix, "rich") if output else "rich")
    view = View() if output else terminal_view()
    view = replace(view, lang=lang if output else spoken(lang), shows_all=show_all)
    text = RENDERERS[name](report, view)
    if output:
        write(text, output)
    else:
        say(text)
    is_fault = report.status == "found" and report.command not in JUDGES_NOTHING
    return ExitCode.FOUND if is_fault and not exit_zero else ExitCode.CLEAN


def together(command: str, reports: list[Report]) -> Report:
    """Return one report: the only one, or one that holds a report a file."""
    if len(reports) == 1:
        return reports[0]
    inputs = tuple(name for report in reports for name in report.inputs)
    return Report(command=command, inputs=inputs, files=tuple(reports))
