"""The shared options of all commands that report, and what they do with the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from nandoctor.cli.selection import selected
from nandoctor.cli.terminal import say, terminal_view, write
from nandoctor.errors import ExitCode
from nandoctor.findings import Report
from nandoctor.reports import RENDERERS, View
from nandoctor.reports.redact import redacted

SUFFIXES = {
    ".json": "json", ".md": "markdown", ".html": "html", ".htm": "html", ".sarif": "sarif",
    ".xml": "junit", ".csv": "csv",
}  # fmt: skip
LANGUAGES = ("en", "zh")
JUDGES_NOTHING = frozenset({"compare"})
"""Commands that end with 0 when they are done, whatever they show."""
_PANEL = "Report"


def _one_of(names: tuple[str, ...]) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and value not in names:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(names)}")
        return value

    return check


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


def emit(
    report: Report,
    format_: Annotated[
        str | None,
        _option(
            "--format", "-f", callback=_one_of(tuple(RENDERERS)), metavar="FORMAT",
            autocompletion=lambda: list(RENDERERS),
            help=f"One of {', '.join(RENDERERS)} (default: by the suffix of -o, else rich).",
        ),
    ] = None,
    output: Annotated[
        Path | None, _option("--output", "-o", metavar="FILE", help="Write the report there.")
    ] = None,
    select: Annotated[
        str, _option(metavar="CODES", help="Only these codes (ND1, ND101) or causes.")
    ] = "",
    ignore: Annotated[str, _option(metavar="CODES", help="Without these codes or causes.")] = "",
    redact: Annotated[
        bool, _option("--redact", help="Without paths, private names, source and log lines.")
    ] = False,
    lang: Annotated[
        str, _option(callback=_one_of(LANGUAGES), metavar="LANG", help="en or zh.")
    ] = "en",
    exit_zero: Annotated[bool, _option("--exit-zero", help="Exit 0 also when found.")] = False,
    debug: Annotated[bool, _option("--debug", help="Show the traceback of an error.")] = False,
) -> int:  # fmt: skip
    """Print or write a report and return the exit code."""
    report = selected(report, select, ignore)
    if redact:
        report = redacted(report)
    name = format_ or (SUFFIXES.get(output.suffix, "rich") if output else "rich")
    view = replace(View() if output else terminal_view(), lang=lang)
    text = RENDERERS[name](report, view)
    if output:
        write(text, output)
    else:
        say(text)
    is_fault = report.status == "found" and report.command not in JUDGES_NOTHING
    return ExitCode.FOUND if is_fault and not exit_zero else ExitCode.CLEAN


def reporting(command: Callable[..., Report]) -> Callable[..., None]:
    """Give a command the shared options; print the report that it returns and exit."""
    own = signature(command, eval_str=True).parameters
    shared = dict(list(signature(emit, eval_str=True).parameters.items())[1:])

    @wraps(command)
    def run(**values: Any) -> None:
        report = command(**{name: values[name] for name in own})
        raise typer.Exit(emit(report, **{name: values[name] for name in shared}))

    merged = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in (*own.values(), *shared.values())]
    run.__signature__ = Signature(merged)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in merged}
    return run


def together(command: str, reports: list[Report]) -> Report:
    """Return one report: the only one, or one that holds a report a file."""
    if len(reports) == 1:
        return reports[0]
    inputs = tuple(name for report in reports for name in report.inputs)
    return Report(command=command, inputs=inputs, files=tuple(reports))
