"""CI triage: every job log on its own, the failure class and the line it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nandoctor import logs
from nandoctor.errors import NoMetricError, UnreadableInputError
from nandoctor.evidence import Evidence, LogEvent, LogFacts, MetricHistory, metric_history
from nandoctor.findings import Report
from nandoctor.pipeline.collect import judged
from nandoctor.pipeline.report import report_on
from nandoctor.pipeline.settings import Progress

JOB_LOGS = (".log", ".out", ".err")
PACKED = (".gz", ".zst", ".xz", ".bz2")
GOES_ON = 3
"""Rows below a traceback that show that it was handled."""


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
    return sorted(child for child in path.rglob("*") if child.is_file() and _is_job_log(child))


def _is_job_log(path: Path) -> bool:
    """Whether a file holds a metric, is named like a job log, or is a text that tells a failure."""
    if logs.is_log(str(path)):
        return True
    name = Path(path.stem) if path.suffix in PACKED else path
    if name.suffix in JOB_LOGS:
        return logs.is_text(str(path))
    return name.suffix == ".txt" and bool(logs.read_events(str(path)))


def triage_one(path: Path, progress: Progress = None) -> Report:
    """Read one job log for what it says and for its metrics."""
    events = logs.read_events(str(path))
    log = metrics_of(path, progress)
    log = replace(log, events=_that_count(events, log.history))
    evidence = Evidence(command="triage", inputs=(str(path),), logs=(judged(log),))
    return report_on(evidence)


def _that_count(events: tuple[LogEvent, ...], history: MetricHistory) -> tuple[LogEvent, ...]:
    """Drop the tracebacks that were handled: training goes on below, and no failure follows."""
    if len(history) < GOES_ON:
        return events
    last = int(np.sort(history.line)[-GOES_ON])
    failed = max((e.line for e in events if e.kind != "python_traceback"), default=0)
    return tuple(
        event
        for event in events
        if event.kind != "python_traceback" or event.line > last or event.line < failed
    )


def metrics_of(path: Path, progress: Progress = None) -> LogFacts:
    """Read the metrics of a job log; one that holds none is a log of events only."""
    try:
        return logs.read_log(str(path), progress=progress)
    except NoMetricError:
        return LogFacts(path=str(path), format="text", history=metric_history([]))
