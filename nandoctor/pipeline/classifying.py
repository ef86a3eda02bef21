"""classify: how a loss curve exploded, from a log or from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Evidence, LogFacts
from nandoctor.findings import Report
from nandoctor.pipeline.collect import judged
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress, Stopwatch
from nandoctor.pipeline.values import history_of_values


def classify(
    losses_or_path: Sequence[float | None] | str | Path,
    *,
    grad_norm: Sequence[float | None] | None = None,
    lr: Sequence[float | None] | None = None,
    loss_scale: Sequence[float | None] | None = None,
    steps: Sequence[int] | None = None,
) -> Report:
    """Classify how a loss curve exploded.

    Args:
        losses_or_path: Losses (None = not logged, NaN = non-finite) or the path of a log.
        grad_norm: Global gradient norms before clipping, one a loss.
        lr: Learning rates, one a loss.
        loss_scale: Mixed-precision loss scales, one a loss.
        steps: Step of each loss; the index where not given. A step that goes back begins a run.

    Raises:
        UnreadableInputError: The log is missing, empty or holds no loss, or the values are no
            numbers or not one a loss.
    """
    if isinstance(losses_or_path, (str, Path)):
        return classify_log(losses_or_path)
    metrics = {"grad_norm": grad_norm, "lr": lr, "loss_scale": loss_scale}
    history = history_of_values(losses_or_path, metrics, steps)
    log = judged(LogFacts(path="", format="values", history=history))
    return report_on(Evidence(command="classify", logs=(log,)))


def classify_log(path: str | Path, *, progress: Progress = None, **overrides: Any) -> Report:
    """Classify a log file (``-`` = standard input); overrides go to ``logs.read_log``."""
    from nandoctor import logs

    watch = Stopwatch()
    with watch.stage("read"):
        log = logs.read_log(str(path), progress=progress, **overrides)
    if not {"loss", "grad_norm"} & log.history.columns.keys() and not log.events:
        raise UnreadableInputError(
            f"{path}: no loss in it", hint="name the column with --loss, or give another log"
        )
    with watch.stage("classify"):
        log = judged(log)
    evidence = Evidence(command="classify", inputs=(str(path),), logs=(log,), timings=watch.seconds)
    return report_on(evidence)
