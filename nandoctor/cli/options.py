"""The options that replay, diagnose and checklist share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

_PANEL = "Replay"


def _option(*names: str, **settings: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, **settings)


Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory or a debug checkpoint.")]
NoCode = Annotated[
    bool, typer.Option("--no-code", help="Do not execute RUN's replay.py or any model file.")
]
Model = Annotated[
    str | None,
    _option(
        metavar="FILE.py[:build_model]",
        help="The model: a file, package.module[:attr] or a Hugging Face directory.",
    ),
]
Batch = Annotated[Path | None, _option(metavar="FILE", help="The batch of the failing step.")]
Log = Annotated[
    list[Path] | None, _option(metavar="FILE", help="A log of the run; may be repeated.")
]
Loss = Annotated[
    str | None,
    _option(
        metavar="FILE.py:compute_loss",
        help="The loss function, where it is not in the model's file.",
    ),
]
LastGood = Annotated[Path | None, _option(metavar="CKPT", help="A checkpoint before the crash.")]
Device = Annotated[str, _option(metavar="DEVICE", help="auto, cpu, cuda (cuda:1) or mps.")]
AllowMismatch = Annotated[
    bool,
    _option("--allow-mismatch", help="Load a state_dict that fits the model only in part."),
]
Interventions = Annotated[str | None, _option(metavar="IDS", help="Try only these interventions.")]
IncludeHiding = Annotated[
    bool,
    _option(
        "--include-hiding",
        help="Try also what hides any fault (nan_to_num); such a cure confirms nothing.",
    ),
]
Budget = Annotated[float, _option(metavar="SECONDS", min=0.0, help="Time for the interventions.")]
Timeout = Annotated[float | None, _option(metavar="SECONDS", min=0.0, help="Time for the trace.")]


def names(text: str | None) -> tuple[str, ...] | None:
    """Split comma-separated ids; None stays None."""
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None
