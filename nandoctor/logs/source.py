"""A log as a stream of bytes: path, stdin or compressed file, read in blocks; nothing is parsed."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from nandoctor.errors import MissingExtraError, UnreadableInputError
from nandoctor.logs.packed import Unpacked, unpacked

HEAD = 1 << 18
BLOCK = 1 << 21
_IN_DIRECTORY = (
    "*.wandb", "*tfevents*", "metrics/*loss*", "trainer_state.json", "metrics.csv", "metrics.jsonl",
)  # fmt: skip
LONGEST_LINE = 1 << 22
"""A longer line is no log line: it is dropped and counted."""


@dataclass(slots=True)
class Source:
    """An open log.

    Args:
        path: As the user named it; ``-`` is stdin.
        head: Its first bytes, already taken from ``stream`` and put back.
    """

    path: str
    head: bytes
    stream: BinaryIO
    size: int = 0
    """Bytes on disk, 0 where unknown."""
    packed: Unpacked | None = None
    """What ``stream`` comes from, where the log is compressed."""
    file: BinaryIO | None = None
    """What is to be closed."""
    is_plain_file: bool = False
    """Whether ``path`` holds the same bytes as ``stream``, uncompressed."""
    progress: Callable[[str, float], None] | None = None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes in blocks, small ones first (readers learn from them)."""
        size = 1 << 14
        while block := self.stream.read(size):
            if self.progress is not None and self.file is not None and self.size:
                self.progress("reading", min(1.0, self.file.tell() / self.size))
            yield block
            size = min(4 * size, BLOCK)

    def read_all(self, limit: int) -> bytes:
        """Read to the end, but no more than about ``limit`` bytes."""
        parts: list[bytes] = []
        total = 0
        for block in self.blocks():
            parts.append(block)
            total += len(block)
            if total > limit:
                break
        return b"".join(parts)

    @property
    def is_damaged(self) -> bool:
        """Whether a compressed stream broke off; what came before was read."""
        return self.packed is not None and self.packed.is_damaged


def open_source(path: str) -> Source:
    """Open a log of any kind; raises UnreadableInputError where there is nothing to read."""
    if path == "-":
        buffer = sys.stdin.buffer
        if not isinstance(buffer, io.BufferedReader):  # a test or a notebook put another one there
            buffer = io.BufferedReader(cast(io.RawIOBase, buffer))
        return _opened(path, buffer)
    place = _log_in(Path(path))
    if place.is_dir():
        raise UnreadableInputError(
            f"{path}: a directory without a log of a known name",
            hint="name the log in it; `nandoctor diagnose` and `triage` look at every file",
        )
    if not place.is_file():
        raise UnreadableInputError(f"{path}: no such file", hint="name a log, or - for stdin")
    try:
        file = place.open("rb")
        return _opened(str(place), file, file, place.stat().st_size)
    except OSError as error:
        raise UnreadableInputError(f"{path}: {error.strerror}") from error


def _opened(
    path: str, stream: io.BufferedReader, file: BinaryIO | None = None, size: int = 0
) -> Source:
    try:
        packed = unpacked(stream)
    except MissingExtraError:
        if file is not None:
            file.close()
        raise
    rest: io.BufferedIOBase = stream if packed is None else io.BufferedReader(packed, 1 << 20)
    head = rest.read(HEAD)
    whole = cast(BinaryIO, io.BufferedReader(_Rejoined(head, rest), 1 << 20))
    return Source(path, head, whole, size, packed, file, file is not None and packed is None)


def _log_in(place: Path) -> Path:
    """Return the log of a run's directory (W&B, TensorBoard, MLflow, Trainer), or ``place``."""
    if place.is_dir():
        for pattern in _IN_DIRECTORY:
            found = sorted(place.glob(pattern), key=lambda path: path.stat().st_mtime)
            if found:
                return found[-1]
    return place


class _Rejoined(io.RawIOBase):
    """The head, then the rest of the stream."""

    def __init__(self, head: bytes, rest: io.BufferedIOBase) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
