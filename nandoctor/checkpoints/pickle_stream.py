"""Bounded reading of the bytes of a pickle; knows no opcodes."""

from __future__ import annotations

import os

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.positioned import open_file, read_at

LARGE = 1 << 16
"""Payloads from this size on stay in the file."""
_WINDOW = 1 << 20


class StreamEndError(ValueError):
    """The stream ends in the middle of something."""


class PickleStream:
    """Bytes ``start`` to ``start + size`` of a file, read forward through a small window."""

    def __init__(self, path: str, start: int, size: int) -> None:
        self.path = path
        self.start = start
        self.size = size
        self._window = b""
        self._base = 0
        self._at = 0
        self._fd = open_file(path)

    @classmethod
    def of_bytes(cls, data: bytes, label: str) -> PickleStream:
        """Return a stream over bytes in memory."""
        stream = cls.__new__(cls)
        stream.path, stream.start, stream.size = label, 0, len(data)
        stream._window, stream._base, stream._at, stream._fd = data, 0, 0, -1
        return stream

    @classmethod
    def over(cls, data: ByteRange) -> PickleStream:
        """Return a stream over bytes of a file or of memory."""
        if data.memory is not None:
            return cls.of_bytes(bytes(data.memory), data.path)
        return cls(data.path, data.start, data.size)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def position(self) -> int:
        """Bytes consumed."""
        return self._base + self._at

    @property
    def left(self) -> int:
        """Bytes not consumed yet."""
        return self.size - self.position

    def take(self, size: int) -> bytes:
        """Consume ``size`` bytes.

        Raises:
            StreamEndError: There are not that many.
        """
        end = self._at + size
        if end > len(self._window):
            self._fill(size)
            end = self._at + size
        data = self._window[self._at : end]
        self._at = end
        return data

    def line(self) -> bytes:
        """Consume a short line, without its newline."""
        end = self._window.find(b"\n", self._at)
        if end < 0:
            self._fill(min(self.left, 8192))
            end = self._window.find(b"\n", self._at)
        if end < 0:
            raise StreamEndError("a text argument has no end")
        data = self._window[self._at : end]
        self._at = end + 1
        return data

    def skip(self, size: int) -> ByteRange:
        """Consume ``size`` bytes without reading them and say where they lie."""
        if size > self.left:
            raise StreamEndError(f"{size} bytes announced, {self.left} are there")
        at = self.position
        if self._fd < 0:
            return ByteRange(self.path, 0, size, memory=self.take(size))
        self._base, self._at, self._window = at + size, 0, b""
        return ByteRange(self.path, self.start + at, size)

    def _fill(self, size: int) -> None:
        if size > self.left:
            raise StreamEndError(f"{size} bytes announced, {self.left} are there")
        at = self.position
        wanted = min(max(size, _WINDOW if at else 1 << 14), self.left)
        self._window = read_at(self._fd, wanted, self.start + at) if self._fd >= 0 else b""
        self._base, self._at = at, 0
        if len(self._window) < size:
            raise StreamEndError("the file is shorter than it says")
