"""``nandoctor compare``: a healthy checkpoint against a crashed one; the pipeline compares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    healthy: Annotated[Path, typer.Argument(metavar="A", help="The healthy checkpoint.")],
    crashed: Annotated[Path, typer.Argument(metavar="B", help="The crashed checkpoint.")],
) -> Report:
    """Show what changed from one checkpoint to another.

    New non-finite values, tensors that moved most relative to their norm, moments that were
    reset, other dtypes and shapes, missing and added keys; worst first. Exit code 0 when done.
    """
    from nandoctor.pipeline import compare

    with progress() as tick:
        return compare(healthy, crashed, progress=tick)
