"""inspect: the checks of a checkpoint or of a live model, without a run around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nandoctor.evidence import Evidence
from nandoctor.findings import Report
from nandoctor.pipeline.collect import history_log, scanned
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress, Settings, Stopwatch
from nandoctor.pipeline.showing import Showing, histograms_of

if TYPE_CHECKING:
    import torch


def inspect_checkpoint(
    path: str | Path,
    *,
    show_all: bool = False,
    exact: bool = False,
    name_filter: str | None = None,
    sort: str = "badness",
    histogram: str | None = None,
    thresholds: Mapping[str, float] | None = None,
    progress: Progress = None,
) -> Report:
    """Scan a checkpoint of any format, executing nothing in it.

    Args:
        path: A file or directory.
        show_all: Report every tensor, not only the suspicious ones.
        name_filter: Report the tensors whose name matches this glob, suspicious or not.
        sort: badness, file, l2, absmax, nonfinite, zeros or numel; the largest comes first.
        histogram: Count the magnitudes of the tensors whose name matches this glob.
        exact: L2 norms within 1e-12 of a float64 reference (slower).
        thresholds: ``grad_norm`` (default 1000): a larger gradient norm is a finding.
        progress: Called with the stage and the fraction done.

    Raises:
        UnreadableInputError: Missing, empty or foreign.
    """
    settings = Settings(exact=exact, thresholds=thresholds or {})
    watch = Stopwatch()
    with watch.stage("checkpoints"):
        facts = scanned(Path(path), settings, progress)
    log = history_log(facts)
    evidence = Evidence(
        command="inspect",
        inputs=(str(path),),
        checkpoints=(facts,),
        logs=(log,) if log else (),
        thresholds=settings.thresholds,
        timings=watch.seconds,
    )
    report = report_on(evidence, showing=Showing(show_all, name_filter, sort))
    return replace(report, histograms=histograms_of(Path(path), histogram))


def inspect_model(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    show_all: bool = False,
    thresholds: Mapping[str, float] | None = None,
) -> Report:
    """Run the checks of ``inspect`` on a live model: parameters, buffers, gradients, moments."""
    from nandoctor import checkpoints

    facts = checkpoints.scan_model(model, optimizer)
    evidence = Evidence(
        command="inspect",
        inputs=(type(model).__name__,),
        checkpoints=(facts,),
        thresholds=thresholds or {},
    )
    return report_on(evidence, showing=Showing(show_all))
