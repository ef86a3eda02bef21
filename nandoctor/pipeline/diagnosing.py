"""diagnose and replay: the failing step of a run, of a checkpoint or of live objects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.errors import ReplayError
from nandoctor.evidence import Evidence
from nandoctor.findings import Report
from nandoctor.pipeline.collect import collect_run
from nandoctor.pipeline.replaying import observed
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress, Settings, Stopwatch

if TYPE_CHECKING:
    import torch


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
