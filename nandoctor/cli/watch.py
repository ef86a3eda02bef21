"""``nandoctor watch``: a growing log, drawn live; the forecast is the pipeline's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nandoctor.cli.terminal import say, terminal_view
from nandoctor.errors import ExitCode
from nandoctor.reports.text import visible

if TYPE_CHECKING:
    from nandoctor.pipeline import Watched

_CLEAR = "\x1b[H\x1b[2J"


def command(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The log of a running job.")],
    interval: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.05, help="Time between two looks.")
    ] = 2.0,
    on_alarm: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="Run by the shell when an alarm is entered."),
    ] = None,
    exit_on_alarm: Annotated[
        bool, typer.Option("--exit-on-alarm", help="End with exit code 1 at the first alarm.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Look once and end: 1 if an alarm was entered.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a LOG that does not exist yet.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Follow the log of a running job and warn before it crashes.

    On a terminal the curve is drawn again after each new row; piped, a line is written each time.
    """
    from nandoctor.pipeline import follow, look

    is_live = sys.stdout.isatty() and not once
    if sys.stderr.isatty() and not once:
        print(f"watching {visible(str(log))}, Ctrl-C ends it", file=sys.stderr)
    for watched in [look(log)] if once else follow(log, interval=interval, wait=wait):
        say((_CLEAR if is_live else "") + _frame(log, watched, is_live or once))
        sys.stdout.flush()
        if watched.alarms and on_alarm:
            subprocess.run(on_alarm, shell=True, check=False)
        if watched.alarms and (exit_on_alarm or once):
            raise typer.Exit(ExitCode.FOUND)


def _frame(log: Path, watched: Watched, is_drawn: bool) -> str:
    from nandoctor.reports.live import curve_lines, status_line

    view = terminal_view()
    lines = ["the log was replaced or cut: read as a new one"] if watched.is_fresh else []
    lines += [status_line(str(log), watched.history, watched.outlook, watched.alarms)]
    if is_drawn:
        lines += curve_lines(watched.history, view)
    return "\n".join(lines) + "\n"
