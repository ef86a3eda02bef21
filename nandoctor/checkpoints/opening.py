"""Which format a path is of, by content; the formats themselves stand in their own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import CheckpointFormat
from nandoctor.checkpoints.refusal import refusal
from nandoctor.errors import UnreadableInputError

HEAD = 4096


def recognise(path: Path, formats: Sequence[CheckpointFormat]) -> CheckpointFormat | None:
    """Return the first format that accepts the content, None where none does."""
    try:
        head = b"" if path.is_dir() else read_head(path)
        if not head and not path.is_dir():
            return None
        return next((form for form in formats if form.sniff(path, head)), None)
    except (OSError, ValueError):
        return None


def read_head(path: Path) -> bytes:
    """Return the first bytes of a regular file."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(HEAD)


def open_as(path: Path, formats: Sequence[CheckpointFormat]) -> Checkpoint:
    """Open a path as the first format that accepts it.

    Raises:
        UnreadableInputError: None does, or the one that does cannot read it.
    """
    if not path.exists():
        raise UnreadableInputError(f"{path}: no such file or directory", hint="check the path")
    form = recognise(path, formats)
    if form is None:
        raise refusal(path)
    try:
        return Checkpoint(str(path), form.name, form.open(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableInputError(f"{path}: {reason}", hint="check that it is readable") from error
