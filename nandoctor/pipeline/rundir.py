"""What lies in a run directory, told apart by content; nothing is read in full here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nandoctor.checkpoints import is_checkpoint
from nandoctor.errors import UnreadableInputError
from nandoctor.logs import is_log

CODE = (".py", ".pyc", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".sh", ".lock")
PAGES = (".md", ".rst", ".png", ".svg", ".jpg", ".html")
WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors")
MOST_FILES = 500
"""Files below a run directory that are looked at for a log."""


@dataclass(frozen=True, slots=True)
class RunFiles:
    """The files of a run.

    Args:
        crash: The checkpoint at or nearest to the crash.
        last_good: The newest checkpoint that its name says is from before it.
        checkpoints: All others, newest first.
        logs: Every file that holds a metric history.
        batch: The saved batch of the crash step.
        replay_file: RUN's own top-level ``replay.py``.
        unreadable: Files named like a checkpoint whose content is none (empty, cut off, foreign).
    """

    crash: Path | None = None
    last_good: Path | None = None
    checkpoints: tuple[Path, ...] = ()
    logs: tuple[Path, ...] = ()
    batch: Path | None = None
    replay_file: Path | None = None
    unreadable: tuple[Path, ...] = ()


def find_run(path: Path) -> RunFiles:
    """Sort out a run directory, or take a single debug checkpoint.

    Raises:
        UnreadableInputError: The path is missing, or holds neither a checkpoint nor a log.
    """
    if not path.exists():
        raise UnreadableInputError(
            f"{path}: no such file or directory", hint="give a run directory or a debug checkpoint"
        )
    if not path.is_dir() or (is_checkpoint(path) and not _is_output(path)):
        return RunFiles(crash=path)
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    batch = next((e for e in entries if e.name.startswith("batch") and e.is_file()), None)
    rest = [e for e in entries if e != batch and e.suffix not in CODE + PAGES]
    checkpoints = _by_step([e for e in rest if is_checkpoint(e)] + _nested_checkpoints(rest))
    logs = _logs_of([e for e in rest if e.is_file() and e not in checkpoints])
    logs = logs or _logs_of(_nested_files(rest, checkpoints))
    replay_file = path / "replay.py"
    if not checkpoints and not logs:
        raise UnreadableInputError(
            f"{path}: no checkpoint and no training log in it",
            hint="it should hold debug_checkpoint*, last_good*, metrics*.csv, batch*, replay.py",
        )
    debug = [e for e in checkpoints if e.name.startswith("debug_checkpoint")]
    good = [e for e in checkpoints if e.name.startswith("last_good")]
    candidates = debug or [e for e in checkpoints if e not in good]
    crash = candidates[0] if candidates else None
    return RunFiles(
        crash=crash or (good[0] if good else None),
        last_good=good[0] if good and crash else None,
        checkpoints=tuple(e for e in checkpoints if e not in (crash, *good[:1])),
        logs=logs,
        batch=batch,
        replay_file=replay_file if replay_file.is_file() else None,
        unreadable=tuple(e for e in rest if e not in (*checkpoints, *logs) and _is_named_so(e)),
    )


def _is_output(path: Path) -> bool:
    """Whether a trainer wrote its checkpoints below this directory, besides its own last state."""
    return any(is_checkpoint(child) for child in path.glob("checkpoint-*") if child.is_dir())


def _is_named_so(path: Path) -> bool:
    return path.is_file() and (
        path.name.startswith(("debug_checkpoint", "last_good")) or path.suffix in WEIGHTS
    )


def _logs_of(files: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(file for file in files if is_log(str(file)))


def _nested_files(entries: list[Path], checkpoints: list[Path]) -> Iterator[Path]:
    """Yield files below plain folders, such as ``lightning_logs/version_0/metrics.csv``."""
    folders = [e for e in entries if e.is_dir() and e not in checkpoints]
    below = (file for folder in folders for file in sorted(folder.rglob("*")))
    return (
        file
        for file in islice(below, MOST_FILES)
        if file.is_file()
        and file.suffix not in CODE + PAGES
        and not any(parent in checkpoints for parent in (file, *file.parents))
    )


def _nested_checkpoints(entries: list[Path]) -> list[Path]:
    """Look one level down: ``checkpoints/step_100.pt`` and the like."""
    folders = [e for e in entries if e.is_dir() and not is_checkpoint(e)]
    return [
        child for folder in folders for child in sorted(folder.iterdir()) if is_checkpoint(child)
    ]


def _by_step(paths: list[Path]) -> list[Path]:
    """Newest first: by the last number in the name, else by the time of the file."""
    return sorted(paths, key=lambda p: (_number(p.name), p.stat().st_mtime), reverse=True)


def _number(name: str) -> int:
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else -1
