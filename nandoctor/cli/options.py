"""The options that replay, diagnose and checklist share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_PANEL = "Replay"

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory or a debug checkpoint.")]
NoCode = Annotated[
    bool, typer.Option("--no-code", help="Do not execute RUN's replay.py or any model file.")
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py[:build_model]", rich_help_panel=_PANEL,
        help="The model: a file, package.module[:attr] or a Hugging Face directory.",
    ),
]  # fmt: skip
Batch = Annotated[
    Path | None,
    typer.Option(metavar="FILE", rich_help_panel=_PANEL, help="The batch of the failing step."),
]
Log = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", rich_help_panel=_PANEL, help="A log of the run; may be repeated."),
]
Loss = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.py:compute_loss", rich_help_panel=_PANEL,
        help="The loss function, where it is not in the model's file.",
    ),
]  # fmt: skip
LastGood = Annotated[
    Path | None,
    typer.Option(metavar="CKPT", rich_help_panel=_PANEL, help="A checkpoint before the crash."),
]
Device = Annotated[
    str,
    typer.Option(metavar="DEVICE", rich_help_panel=_PANEL, help="auto, cpu, cuda (cuda:1) or mps."),
]
AllowMismatch = Annotated[
    bool,
    typer.Option(
        "--allow-mismatch", rich_help_panel=_PANEL,
        help="Load a state_dict that fits the model only in part.",
    ),
]  # fmt: skip
Interventions = Annotated[
    str | None,
    typer.Option(metavar="IDS", rich_help_panel=_PANEL, help="Try only these interventions."),
]
IncludeHiding = Annotated[
    bool,
    typer.Option(
        "--include-hiding", rich_help_panel=_PANEL,
        help="Try also what hides any fault (nan_to_num); such a cure confirms nothing.",
    ),
]  # fmt: skip
Budget = Annotated[
    float,
    typer.Option(metavar="SECONDS", rich_help_panel=_PANEL, min=0.0,
                 help="Time for the interventions."),
]  # fmt: skip
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", rich_help_panel=_PANEL, min=0.0, help="Time for the trace."),
]


def names(text: str | None) -> tuple[str, ...] | None:
    """Split comma-separated ids; None stays None."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None
