"""``nandoctor replay``: the failing step again; building, tracing and trials are the pipeline's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nandoctor.cli import options
from nandoctor.cli.output import reporting
from nandoctor.cli.progress import progress
from nandoctor.cli.terminal import say
from nandoctor.errors import NandoctorError
from nandoctor.findings import Report


def _print_template(is_asked: bool) -> None:
    if is_asked:
        from nandoctor.targets.template import TEMPLATE

        say(TEMPLATE)
        raise typer.Exit()


def _own_model(checkpoint: Path) -> str | None:
    """Return the Hugging Face directory that the checkpoint is, or lies in."""
    if (checkpoint / "replay.py").is_file():
        return None
    directory = checkpoint if checkpoint.is_dir() else checkpoint.parent
    described = ("config.json", "adapter_config.json")
    is_model = directory.is_dir() and any((directory / name).is_file() for name in described)
    return str(directory) if is_model else None


@reporting
def command(
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CKPT", help="The debug checkpoint, or a run directory.")
    ],
    model: options.Model = None,
    batch: options.Batch = None,
    loss: options.Loss = None,
    last_good: options.LastGood = None,
    device: options.Device = "auto",
    allow_mismatch: options.AllowMismatch = False,
    interventions: options.Interventions = None,
    include_hiding: options.IncludeHiding = False,
    budget: options.Budget = 60.0,
    timeout: options.Timeout = None,
    template: Annotated[
        bool,
        typer.Option(
            "--template",
            callback=_print_template,
            is_eager=True,
            help="Print a starter replay.py and exit.",
        ),
    ] = False,
) -> Report:
    """Run the failing step again and find the origin.

    Rebuilds the model from your file, loads the checkpoint, runs forward and backward under
    observation, names the first op that reaches the loss or a gradient, and tries the fixes.
    Your file is executed.
    """
    from nandoctor.pipeline import Settings, replay_checkpoint

    model = model or _own_model(checkpoint)
    if model is None and not (checkpoint / "replay.py").is_file():
        raise NandoctorError(
            f"{checkpoint}: no model to replay it with",
            hint="give --model FILE.py:build_model, or a Hugging Face directory",
        )
    settings = Settings(
        model=model, loss=loss, batch=batch, last_good=last_good, device=device,
        allow_mismatch=allow_mismatch, interventions=options.names(interventions),
        include_hiding=include_hiding, budget=budget, timeout=timeout,
    )  # fmt: skip
    with progress() as tick:
        return replay_checkpoint(checkpoint, settings, progress=tick)
