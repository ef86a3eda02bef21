"""From paths to Evidence: reads logs and checkpoints of a run, judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.evidence import CheckpointFacts, Damage, Evidence, LogFacts, Skipped, TrainingState
from nandoctor.pipeline.choosing import first_broken, is_good, onset_of
from nandoctor.pipeline.replaying import with_replay
from nandoctor.pipeline.settings import Progress, Settings, Stopwatch

if TYPE_CHECKING:
    from nandoctor.pipeline.rundir import RunFiles

MOST_OTHERS = 4
"""Checkpoints besides the crash and the last good one that are scanned, newest first."""
MOST_BACK = 64
"""Checkpoints that are scanned at most in search of a good one."""


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
        crash = scan_crash(files, settings, progress)
        if not any(log.history.loss is not None for log in read) and crash:
            read = [*read, *filter(None, [history_log(crash)])]
        crash, last_good, others = scan_run(crash, files, settings, onset_of(read), progress)
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


def scan_crash(
    files: RunFiles, settings: Settings, progress: Progress = None
) -> CheckpointFacts | None:
    """Scan the checkpoint at or nearest to the crash.

    In a directory a checkpoint that cannot be read is one more fact; a single file that cannot be
    read is an error.
    """
    is_alone = not (files.logs or files.checkpoints or files.last_good)
    read = scanned if is_alone else scanned_or_damaged
    return read(files.crash, settings, progress) if files.crash else None


def scan_run(
    crash: CheckpointFacts | None, files: RunFiles, settings: Settings, onset: int | None,
    progress: Progress = None,
) -> tuple[CheckpointFacts | None, CheckpointFacts | None, list[CheckpointFacts]]:  # fmt: skip
    """Scan the last good checkpoint and the newest others, and go back until one is good."""
    good_path = settings.last_good or files.last_good
    others: list[CheckpointFacts] = []
    for path in files.checkpoints[:MOST_BACK]:
        has_good = good_path or any(is_good(facts, onset) for facts in others)
        if len(others) >= MOST_OTHERS and has_good:
            break
        others.append(scanned_or_damaged(path, settings, progress))
    if crash and not Path(crash.path).name.startswith("debug_checkpoint"):
        crash, others = first_broken(crash, others)
    others += [scanned_or_damaged(path, settings, progress) for path in files.unreadable]
    if good_path:
        return crash, scanned_or_damaged(good_path, settings, progress), others
    return crash, next((facts for facts in others if is_good(facts, onset)), None), others


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
