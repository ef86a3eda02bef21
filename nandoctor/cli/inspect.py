"""``nandoctor inspect``: scan checkpoints; the scan is the pipeline's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.findings import Report


@reporting
def command(
    checkpoints: Annotated[
        list[Path], typer.Argument(metavar="CKPT", help="Checkpoint files or directories.")
    ],
    show_all: Annotated[
        bool, typer.Option("--all", help="List every tensor, not only the suspicious ones.")
    ] = False,
    grad_norm: Annotated[
        float, typer.Option(help="A larger gradient norm is a finding.", min=0.0)
    ] = 1000.0,
    name_filter: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="GLOB", help="List the tensors of these names, all of them."
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="badness, file, l2, absmax, nonfinite, zeros or numel, largest first.",
        ),
    ] = "badness",
    histogram: Annotated[
        str | None,
        typer.Option(metavar="GLOB", help="Draw the magnitudes of these tensors."),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Sum norms in float64 (slower).")] = False,
) -> Report:
    """Scan checkpoints for NaN, Inf and corrupt state.

    Parameters, gradients, buffers, optimizer state, histories, loss scaler and RNG are read
    without executing anything in the file; the worst tensor comes first. Several checkpoints are
    also compared as a series: when each tensor turned bad, how its norm moved.
    """
    from nandoctor.pipeline import inspect_checkpoint, inspect_series

    options: dict[str, Any] = {
        "show_all": show_all, "exact": exact, "name_filter": name_filter, "sort": sort,
        "histogram": histogram,
        "thresholds": {"grad_norm": grad_norm},
    }  # fmt: skip
    with progress() as tick:
        if len(checkpoints) == 1:
            return inspect_checkpoint(checkpoints[0], progress=tick, **options)
        return inspect_series(checkpoints, progress=tick, **options)
