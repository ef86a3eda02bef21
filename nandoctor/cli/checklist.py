"""``nandoctor checklist``: the practitioners' checklist; the answers are computed elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nandoctor.cli import options
from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory or a debug checkpoint.")
    ],
    model: options.Model = None,
    batch: options.Batch = None,
    device: options.Device = "auto",
    no_code: Annotated[
        bool, typer.Option("--no-code", help="Do not execute RUN's replay.py or any model file.")
    ] = False,
) -> Report:
    """Answer the practitioners' checklist from a run's files.

    Before training, during it, after the crash, in the long term, and the six pitfalls: each
    point is yes, no or unknown, with the evidence. RUN/replay.py is executed.
    """
    from nandoctor.pipeline import Settings, checklist

    settings = Settings(model=model, batch=batch, device=device, runs_code=not no_code)
    with progress() as tick:
        return checklist(run, settings, progress=tick)
