"""The entries of a zip archive by its own directory, read strictly; nothing is unpacked here."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.positioned import open_file
from nandoctor.checkpoints.zip_end import Window, ZipDamageError, find_directory

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
_MAX_ENTRIES = 2_000_000
_MAX_DIRECTORY = 1 << 28


class ZipTrickError(ValueError):
    """The archive is built so that two readers see different things."""


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file of an archive.

    Args:
        is_whole: False where only the first ``data.size`` bytes are there.
    """

    name: str
    data: ByteRange
    crc: int
    is_whole: bool = True


def read_directory(path: Path, base: int = 0, length: int | None = None) -> dict[str, ZipEntry]:
    """Return the entries by name, in the order of the directory.

    Args:
        base: Where the archive begins in the file.
        length: Its size; None = to the end of the file.

    Raises:
        ZipDamageError: No directory, or one that contradicts the file.
        ZipTrickError: Duplicate or encrypted entries, or headers that disagree.
    """
    fd = open_file(path)
    try:
        size = os.fstat(fd).st_size - base if length is None else length
        window = Window(fd, base, max(0, size))
        start, extent, count = find_directory(window)
        if extent > min(size, _MAX_DIRECTORY) or count > _MAX_ENTRIES or start + extent > size:
            raise ZipDamageError("its directory lies outside of the file")
        return _entries(window, str(path), window.read(start, extent), start)
    finally:
        os.close(fd)


def _entries(window: Window, path: str, directory: bytes, start: int) -> dict[str, ZipEntry]:
    entries: dict[str, ZipEntry] = {}
    at = 0
    while at + 46 <= len(directory):
        if directory[at : at + 4] != _CENTRAL:
            raise ZipDamageError(f"its directory is broken after {len(entries)} entries")
        flags, method = struct.unpack_from("<HH", directory, at + 8)
        crc, packed, size, name_len, extra_len, comment_len = struct.unpack_from(
            "<IIIHHH", directory, at + 16
        )
        (header,) = struct.unpack_from("<I", directory, at + 42)
        raw_name = directory[at + 46 : at + 46 + name_len]
        extra = directory[at + 46 + name_len : at + 46 + name_len + extra_len]
        size, packed, header = _widen(extra, size, packed, header)
        at += 46 + name_len + extra_len + comment_len
        name = raw_name.decode("utf-8", "replace")
        if name in entries:
            raise ZipTrickError(f"it holds two entries named {name}")
        if flags & 0x41:
            raise ZipTrickError(f"its entry {name} is marked as encrypted")
        if name.startswith("/") or ".." in name.split("/"):
            raise ZipTrickError(f"its entry {name} would be unpacked outside of its folder")
        if method not in (0, 8):
            raise ZipTrickError(f"its entry {name} is packed with method {method}")
        data = _data_start(window, header, raw_name, start)
        if data + packed > start or (method == 0 and packed != size):
            raise ZipDamageError(f"its entry {name} lies outside of the file")
        entries[name] = ZipEntry(
            name, ByteRange(path, window.base + data, size, packed if method else None), crc
        )
    if not entries:
        raise ZipDamageError("its directory is empty")
    return entries


def _widen(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """Replace the fields that did not fit 32 bits by those of the zip64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            body, place = extra[at + 4 : at + 4 + length], 0
            wide = []
            for value in (size, packed, header):
                if value == 0xFFFFFFFF and place + 8 <= len(body):
                    (value,) = struct.unpack_from("<Q", body, place)
                    place += 8
                wide.append(value)
            return wide[0], wide[1], wide[2]
        at += 4 + length
    return size, packed, header


def _data_start(window: Window, header: int, name: bytes, end: int) -> int:
    local = window.read(header, 30 + len(name)) if header < end else b""
    if len(local) < 30 or local[:4] != _LOCAL:
        raise ZipDamageError("an entry's header is not where the directory says")
    name_len, extra_len = struct.unpack_from("<HH", local, 26)
    if local[30:] != name or name_len != len(name):
        raise ZipTrickError("an entry has two names")
    if struct.unpack_from("<H", local, 6)[0] & 0x41:
        raise ZipTrickError("an entry is marked as encrypted")
    return header + 30 + int(name_len) + int(extra_len)
