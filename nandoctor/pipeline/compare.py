"""A healthy checkpoint against a crashed one: what changed, worst first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nandoctor.checkpoints import open_checkpoint
from nandoctor.checkpoints.comparing import compare as compare_tensors
from nandoctor.findings import Report
from nandoctor.pipeline.inspecting import inspect_checkpoint
from nandoctor.pipeline.settings import Progress


def compare(a: str | Path, b: str | Path, *, progress: Progress = None) -> Report:
    """Compare checkpoint A (healthy) with checkpoint B (crashed).

    ``changes`` holds every tensor of either, worst first; ``files`` the inspection of both.

    Raises:
        UnreadableInputError: One of them is missing, empty or foreign.
    """
    first, second = (
        replace(inspect_checkpoint(path, progress=progress), logs=()) for path in (a, b)
    )
    changes = compare_tensors(
        (open_checkpoint(a), open_checkpoint(b)), (first.checkpoints[0], second.checkpoints[0])
    )
    return Report(
        command="compare", inputs=(str(a), str(b)), files=(first, second), changes=changes
    )
