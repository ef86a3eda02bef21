"""The options that all commands with a report share; what they do stands in ``emission``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from nandoctor.cli.emission import emit
from nandoctor.findings import Report
from nandoctor.reports import RENDERERS

LANGUAGES = ("en", "zh")
_PANEL = "Report"


def _one_of(names: tuple[str, ...]) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and value not in names:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(names)}")
        return value

    return check


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


def shared_options(
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
    show_all: Annotated[bool, _option("--all", help="Show every row of every table.")] = False,
    exit_zero: Annotated[bool, _option("--exit-zero", help="Exit 0 also when found.")] = False,
    debug: Annotated[bool, _option("--debug", help="Show the traceback of an error.")] = False,
) -> None:  # fmt: skip
    """Declare the options that every command with a report takes; ``emit`` acts on them."""


def reporting(command: Callable[..., Report]) -> Callable[..., None]:
    """Give a command the shared options; print the report that it returns and exit."""
    own = signature(command, eval_str=True).parameters
    shared = signature(shared_options, eval_str=True).parameters

    @wraps(command)
    def run(**values: Any) -> None:
        report = command(**{name: values[name] for name in own})
        given = {name: values[name] for name in shared if name != "debug"}
        raise typer.Exit(emit(report, **given))

    merged = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in ({**shared, **own}).values()]
    run.__signature__ = Signature(merged)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in merged}
    return run
