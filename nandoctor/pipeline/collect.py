"""From paths and live objects to Evidence: runs the rooms that observe, judges nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.errors import DeviceMemoryError, NandoctorError, UnreadableInputError
from nandoctor.evidence import (
    CheckpointFacts,
    Damage,
    Evidence,
    LogFacts,
    ReplayFacts,
    Skipped,
    TrainingState,
    Trial,
)
from nandoctor.pipeline.probes import probed

if TYPE_CHECKING:
    from nandoctor.pipeline.rundir import RunFiles

MOST_OTHERS = 4
"""Checkpoints besides the crash and the last good one that are scanned, newest first."""
Progress = Callable[[str, float], None] | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set for a diagnosis or a replay.

    Args:
        model: ``FILE.py[:build_model]``, ``package.module[:attr]`` or a Hugging Face directory.
        loss: ``FILE.py:compute_loss`` where it is not in the model's file.
        batch: The saved batch, where it is not in the run directory.
        logs: Logs to read in place of those of the run directory.
        device: auto, cpu, cuda or mps.
        allow_mismatch: Load a state_dict that fits only in part.
        runs_code: False = the user's code is not executed (``--no-code``).
        interventions: Only these trials; None = all that apply.
        budget: Seconds for the trials.
        timeout: Seconds for the trace.
        include_hiding: Also try the cures that hide the fault.
        thresholds: Settings of rules, e.g. ``grad_norm``.
        exact: Sums of the scan in float64 throughout.
    """

    model: str | None = None
    loss: str | None = None
    batch: Path | None = None
    logs: tuple[Path, ...] = ()
    last_good: Path | None = None
    device: str = "auto"
    allow_mismatch: bool = False
    runs_code: bool = True
    interventions: tuple[str, ...] | None = None
    budget: float = 60.0
    timeout: float | None = None
    include_hiding: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    exact: bool = False


class Stopwatch:
    """Seconds that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def scanned(path: Path, settings: Settings, progress: Progress = None) -> CheckpointFacts:
    """Open and scan one checkpoint."""
    from nandoctor import checkpoints

    checkpoint = checkpoints.open_checkpoint(path)
    return checkpoints.scan(checkpoint, exact=settings.exact, progress=progress)


def judged(log: LogFacts) -> LogFacts:
    """Add pattern and forecast to a log that was read."""
    from nandoctor import signals

    pattern = signals.classify_history(log.history, events=log.events)
    return replace(log, pattern=pattern, forecast=signals.forecast(log.history))


def history_log(facts: CheckpointFacts) -> LogFacts | None:
    """Return the histories inside a checkpoint as a log."""
    history = facts.training.history
    if history is None or not len(history):
        return None
    return judged(LogFacts(path=facts.path, format="checkpoint history", history=history))


def collect_run(path: Path, settings: Settings, progress: Progress = None) -> Evidence:
    """Observe all that a run directory, or a single debug checkpoint, holds."""
    from nandoctor.pipeline.rundir import find_run

    watch, files = Stopwatch(), find_run(path)
    with watch.stage("logs"):
        read, skipped = read_logs(settings.logs or files.logs, progress)
    with watch.stage("checkpoints"):
        crash, last_good, others = scan_run(files, settings, progress)
    if not any(log.history.loss is not None for log in read) and crash:
        read = [*read, *filter(None, [history_log(crash)])]
    evidence = Evidence(
        command="diagnose",
        inputs=(str(path),),
        checkpoints=tuple(facts for facts in (crash, *others) if facts),
        last_good=last_good,
        logs=tuple(read),
        skipped=tuple(skipped),
        thresholds=settings.thresholds,
    )
    evidence = with_replay(evidence, files, settings, watch, progress)
    return replace(evidence, timings=watch.seconds)


def read_logs(
    paths: Sequence[Path], progress: Progress = None
) -> tuple[list[LogFacts], list[Skipped]]:
    """Read the logs of a run; one that cannot be read is skipped with the reason."""
    from nandoctor import logs

    read: list[LogFacts] = []
    skipped: list[Skipped] = []
    for path in paths:
        try:
            read.append(judged(logs.read_log(str(path), progress=progress)))
        except NandoctorError as error:
            skipped.append(Skipped(str(path), error.message, "its loss and gradient-norm curve"))
    return read, skipped


def scan_run(
    files: RunFiles, settings: Settings, progress: Progress = None
) -> tuple[CheckpointFacts | None, CheckpointFacts | None, list[CheckpointFacts]]:
    """Scan the crash checkpoint, the last good one and the newest others.

    In a directory a checkpoint that cannot be read is one more fact; a single file that cannot be
    read is an error.
    """
    is_alone = not (files.logs or files.checkpoints or files.last_good)
    read = scanned if is_alone else scanned_or_damaged
    crash = read(files.crash, settings, progress) if files.crash else None
    others = [
        scanned_or_damaged(path, settings, progress)
        for path in (*files.checkpoints[:MOST_OTHERS], *files.unreadable)
    ]
    good_path = settings.last_good or files.last_good
    if good_path:
        return crash, scanned_or_damaged(good_path, settings, progress), others
    good = (facts for facts in others if facts.tensors and is_finite(facts))
    return crash, next(good, None), others


def scanned_or_damaged(
    path: Path, settings: Settings, progress: Progress = None
) -> CheckpointFacts:
    """Scan a checkpoint; of one that cannot be read, keep the reason."""
    try:
        return scanned(path, settings, progress)
    except UnreadableInputError as error:
        reason = error.message.removeprefix(f"{path}: ")
        damage = (Damage(path.name, reason),)
        return CheckpointFacts(str(path), "unreadable", (), TrainingState(), damage=damage)


def is_finite(facts: CheckpointFacts) -> bool:
    """Whether every tensor of a checkpoint is finite and the file whole."""
    return not facts.damage and all(tensor.is_finite for tensor in facts.tensors)


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
    options = {"loss": settings.loss, "device": settings.device}
    with watch.stage("probes"):
        probes = probed(evidence, model, options)
    return replace(
        evidence, replay=facts, trials=trials, probes=probes,
        skipped=(*evidence.skipped, *skipped),
    )  # fmt: skip


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
