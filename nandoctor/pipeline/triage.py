"""CI triage: every job log on its own, the failure class and the line it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nandoctor import logs
from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.evidence import Evidence, LogFacts, metric_history
from nandoctor.findings import Report
from nandoctor.pipeline.collect import Progress, judged
from nandoctor.pipeline.report import report_on


def triage(paths: Sequence[str | Path], *, progress: Progress = None) -> Report:
    """Triage job logs and directories of them; one report a file in ``files``.

    Raises:
        UnreadableInputError: A path is missing, or no log is in what was given.
    """
    files = [file for path in paths for file in log_files(Path(path))]
    if not files:
        raise UnreadableInputError(
            f"{', '.join(map(str, paths))}: no log in it",
            hint="give log files or a directory of them",
        )
    reports = [triage_one(file, progress) for file in files]
    return Report(command="triage", inputs=tuple(str(p) for p in paths), files=tuple(reports))


def log_files(path: Path) -> list[Path]:
    """Return a log itself, or every log below a directory."""
    if str(path) == "-" or not path.is_dir():
        return [path]
    return sorted(child for child in path.rglob("*") if child.is_file() and logs.is_log(str(child)))


def triage_one(path: Path, progress: Progress = None) -> Report:
    """Read one job log for what it says and for its metrics."""
    events = tuple(logs.read_events(str(path)))
    log = metrics_of(path, progress)
    log = replace(log, events=events)
    evidence = Evidence(command="triage", inputs=(str(path),), logs=(judged(log),))
    return report_on(evidence)


def metrics_of(path: Path, progress: Progress = None) -> LogFacts:
    """Read the metrics of a job log; one that holds none is a log of events only."""
    try:
        return logs.read_log(str(path), progress=progress)
    except UnreadableInputError:
        raise
    except NandoctorError:
        return LogFacts(path=str(path), format="text", history=metric_history([]))
