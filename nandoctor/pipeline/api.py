"""The public functions: one a command, each returns the Report that the command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.errors import ReplayError, UnreadableInputError
from nandoctor.evidence import Evidence, LogFacts
from nandoctor.findings import Report
from nandoctor.pipeline.collect import collect_run, history_log, judged, scanned
from nandoctor.pipeline.replaying import observed
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress, Settings, Stopwatch
from nandoctor.pipeline.showing import Showing, histograms_of
from nandoctor.pipeline.values import history_of_values

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


def replay(
    model: torch.nn.Module,
    batch: Any,
    compute_loss: Any = None,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    device: str | None = None,
    budget: float = 60.0,
    progress: Progress = None,
) -> Report:
    """Run the failing step again, name the origin of the NaN and try the fixes.

    Starts from the RNG state at the call and leaves everything it was given bit-identical.

    Args:
        model: In its state before the failing step.
        batch: What the step was fed.
        compute_loss: ``(model, batch) -> scalar``; default: the output itself if it is a scalar,
            else its ``loss``, with a mapping batch passed as keywords.
        optimizer: With its state before the step; given, the step is simulated, too.
        device: Where to run; None leaves model and batch where they are.
        budget: Seconds for the interventions.
        progress: Called with the stage and the fraction done.

    Raises:
        ReplayError: The step cannot be run (the loss is no scalar, has no gradient, ...).
    """
    from nandoctor.checkpoints import scan_model
    from nandoctor.targets import target_of

    watch = Stopwatch()
    target = target_of(model, batch, compute_loss, optimizer=optimizer, device=device)
    with watch.stage("checkpoints"):
        scanned_model = scan_model(model, optimizer)
    facts, trials = observed(target, Settings(budget=budget), watch, progress)
    evidence = Evidence(
        command="replay",
        inputs=(type(model).__name__,),
        checkpoints=(scanned_model,),
        replay=facts,
        trials=trials,
        timings=watch.seconds,
    )
    return report_on(evidence)


def replay_checkpoint(path: str | Path, settings: Settings, *, progress: Progress = None) -> Report:
    """Replay the step of a checkpoint with the user's model file and batch.

    Raises:
        ReplayError: There is no model, no batch, or they do not fit the checkpoint.
    """
    evidence = collect_run(Path(path), settings, progress)
    if evidence.replay is None:
        reason = next((s.reason for s in evidence.skipped if s.what == "replay"), "no checkpoint")
        fact, _, hint = reason.partition("; ")
        fact = fact.removeprefix(f"{path}: ")
        raise ReplayError(f"{path}: {fact}", hint=hint or "give --model and --batch")
    return report_on(replace(evidence, command="replay"))


def diagnose(
    path: str | Path, settings: Settings | None = None, *, progress: Progress = None, **options: Any
) -> Report:
    """Diagnose a run directory, or a single debug checkpoint.

    Args:
        path: The run directory or checkpoint.
        settings: How to replay and what to try; or give its fields as keywords.
        progress: Called with the stage and the fraction done.
        **options: Fields of ``Settings`` (``model=``, ``batch=``, ``device=``, ...).

    Raises:
        UnreadableInputError: Nothing in it can be read.
        ReplayError: The replay file does not fit the checkpoint.
    """
    evidence = collect_run(Path(path), settings or Settings(**options), progress)
    return report_on(evidence)
