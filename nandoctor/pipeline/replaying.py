"""From the files of a run, or a target, to the replayed step and its trials; judges nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.errors import DeviceMemoryError, UnreadableInputError
from nandoctor.evidence import Evidence, ReplayFacts, Skipped, Trial
from nandoctor.pipeline.probes import probed
from nandoctor.pipeline.settings import Progress, Settings, Stopwatch

if TYPE_CHECKING:
    from nandoctor.pipeline.rundir import RunFiles


def with_replay(
    evidence: Evidence, files: RunFiles, settings: Settings, watch: Stopwatch, progress: Progress
) -> Evidence:
    """Replay the failing step where the run offers what that takes; else say what is missing."""
    model = settings.model or (str(files.replay_file) if files.replay_file else None)
    reason = why_no_replay(evidence, model, settings)
    if reason or model is None or files.crash is None:
        return replace(
            evidence, skipped=(*evidence.skipped, Skipped("replay", reason, REPLAY_ADDS))
        )
    good = evidence.last_good
    targets = _targets()
    try:
        with watch.stage("build"):
            target, skipped = targets.build_target(
                model=model,
                checkpoint=files.crash,
                batch=settings.batch or files.batch,
                loss=settings.loss,
                last_good=Path(good.path) if good else None,
                device=settings.device,
                allow_mismatch=settings.allow_mismatch,
                history=evidence.history,
                progress=progress,
            )
    except (targets.NoBatchError, UnreadableInputError) as error:  # the rest still tells something
        missing = Skipped("replay", f"{error.message}; {error.hint}", REPLAY_ADDS)
        return replace(evidence, skipped=(*evidence.skipped, missing))
    facts, trials = observed(target, settings, watch, progress)
    facts = replace(facts, notes=(*_loaded_in_part(skipped), *facts.notes))
    options = {"loss": settings.loss, "device": settings.device}
    with watch.stage("probes"):
        probes = probed(evidence, model, options)
    return replace(
        evidence, replay=facts, trials=trials, probes=probes,
        skipped=(*evidence.skipped, *skipped),
    )  # fmt: skip


def _loaded_in_part(skipped: tuple[Skipped, ...]) -> tuple[str, ...]:
    """Say at the origin that the model is not quite the one that crashed."""
    parts = [item.reason for item in skipped if item.what.startswith("part of ")]
    return tuple(f"not the model that crashed: only what fits was loaded ({p})" for p in parts)


REPLAY_ADDS = "the op, module, source line and samples of the first NaN, and fixes that were tried"


def why_no_replay(evidence: Evidence, model: str | None, settings: Settings) -> str:
    """Return why the step cannot be replayed, empty where it can."""
    if not settings.runs_code:
        return "switched off by --no-code"
    if evidence.crash is None:
        return "no checkpoint"
    if model is None:
        return "no replay.py in the run and no --model (nandoctor replay --template prints one)"
    return ""


def observed(
    target: Any, settings: Settings, watch: Stopwatch, progress: Progress
) -> tuple[ReplayFacts, tuple[Trial, ...]]:
    """Trace a target and run the interventions that apply; on the CPU where memory is short."""
    from nandoctor.step import device_of

    try:
        return _observed(target, settings, watch, progress)
    except DeviceMemoryError as error:
        if device_of(target.model).type == "cpu":
            raise
        facts, trials = _observed(_targets().moved_to_cpu(target), settings, watch, progress)
        note = f"{error.message}; run on the CPU, whose kernels and random numbers differ"
        return replace(facts, notes=(*facts.notes, note)), trials


def _observed(
    target: Any, settings: Settings, watch: Stopwatch, progress: Progress
) -> tuple[ReplayFacts, tuple[Trial, ...]]:
    from nandoctor import interventions, tracing

    with watch.stage("replay"):
        facts = tracing.observe(target, progress=progress, timeout=settings.timeout)
    with watch.stage("trials"):
        trials = interventions.run_trials(
            target,
            facts,
            budget_seconds=settings.budget,
            only=settings.interventions,
            include_hiding=settings.include_hiding,
            progress=progress,
        )
    with watch.stage("precision"):
        return replace(facts, headroom=tracing.headroom(target)), trials


def _targets() -> Any:
    from nandoctor import targets

    return targets
