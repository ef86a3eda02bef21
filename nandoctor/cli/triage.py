"""``nandoctor triage``: raw job logs in CI; telling the failure classes apart is the pipeline's."""

from __future__ import annotations

from typing import Annotated

import typer

from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    logs: Annotated[
        list[str], typer.Argument(metavar="LOG|DIR", help="Job logs, or directories of them.")
    ],
) -> Report:
    """Name the failure in raw job logs, for CI.

    Non-finite loss or gradients, divergence, hidden NaN, out of memory, NCCL, killed jobs and
    more: the class, the line it stands on and the rank that spoke first. A line a file.
    """
    from nandoctor.pipeline import triage

    with progress() as tick:
        return triage(logs, progress=tick)
