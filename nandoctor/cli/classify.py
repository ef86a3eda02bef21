"""``nandoctor classify``: how a loss curve exploded; the arithmetic is the pipeline's."""

from __future__ import annotations

from typing import Annotated

import typer

from nandoctor.cli.emission import together
from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    logs: Annotated[
        list[str], typer.Argument(metavar="LOG", help="Training logs; - is standard input.")
    ],
    loss: Annotated[str | None, typer.Option(help="Name of the loss.", metavar="NAME")] = None,
    grad_norm: Annotated[
        str | None, typer.Option(help="Name of the gradient norm.", metavar="NAME")
    ] = None,
    step: Annotated[str | None, typer.Option(help="Name of the step.", metavar="NAME")] = None,
    log_format: Annotated[
        str | None, typer.Option(help="Read as this log format (default: found out).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where a line cannot be read.")
    ] = False,
) -> Report:
    """Say how a loss curve exploded, and since when.

    Pattern, onset, first non-finite step, outcome and confidence with the numbers behind them,
    the likely causes, and the step at which a first warning stood.
    """
    from nandoctor.pipeline import classify_log

    with progress() as tick:
        reports = [
            classify_log(
                path, progress=tick, format=log_format, loss=loss, grad_norm=grad_norm,
                step=step, strict=strict,
            )
            for path in logs
        ]  # fmt: skip
    return together("classify", reports)
