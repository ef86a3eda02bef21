"""Where the directory of a zip archive stands, by the record at its end."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from nandoctor.checkpoints.positioned import read_at

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


class ZipDamageError(ValueError):
    """The directory is missing or contradicts the file."""


@dataclass(frozen=True, slots=True)
class Window:
    """The bytes of the archive within a file."""

    fd: int
    base: int
    size: int

    def read(self, at: int, size: int) -> bytes:
        """Return up to ``size`` bytes from a place of the archive."""
        if at >= self.size:
            return b""
        return read_at(self.fd, min(size, self.size - at), self.base + at)


def find_directory(window: Window) -> tuple[int, int, int]:
    """Return start, length and number of entries of the directory.

    Raises:
        ZipDamageError: It is missing.
    """
    tail_start = max(0, window.size - 66_000)
    tail = window.read(tail_start, 66_000)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise ZipDamageError("the archive's directory, at its end, is missing")
    _, _, _, count, length, start, _ = struct.unpack_from("<HHHHIIH", tail, at + 4)
    locator = tail.rfind(_LOCATOR64, 0, at)
    if (locator >= 0 and 0xFFFFFFFF in (length, start)) or (count == 0xFFFF and locator >= 0):
        (where,) = struct.unpack_from("<Q", tail, locator + 8)
        record = window.read(where, 56)
        if len(record) < 56 or record[:4] != _END64:
            raise ZipDamageError("its zip64 record is missing")
        count, length, start = struct.unpack_from("<QQQ", record, 32)
    return start, length, count
