"""The entries of a zip archive without its directory: walks from header to header."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.positioned import open_file, read_at
from nandoctor.checkpoints.zip_directory import ZipEntry

_LOCAL, _FOOTER = b"PK\x03\x04", b"PK\x07\x08"
_CHUNK = 1 << 20


def salvage_entries(path: Path) -> dict[str, ZipEntry]:
    """Return the entries whose headers are there, the last one possibly cut; stops at a gap."""
    fd = open_file(path)
    try:
        end = os.fstat(fd).st_size
        entries: dict[str, ZipEntry] = {}
        at = 0
        while True:
            found = _entry_at(fd, str(path), at, end)
            if found is None:
                return entries
            entry, at = found
            entries.setdefault(entry.name, entry)
            if not entry.is_whole:
                return entries
    finally:
        os.close(fd)


def _entry_at(fd: int, path: str, at: int, end: int) -> tuple[ZipEntry, int] | None:
    header = read_at(fd, 30, at)
    if len(header) < 30 or header[:4] != _LOCAL:
        return None
    flags, method = struct.unpack_from("<HH", header, 6)
    crc, packed, size, name_len, extra_len = struct.unpack_from("<IIIHH", header, 14)
    start = at + 30 + name_len + extra_len
    name = read_at(fd, name_len, at + 30).decode("utf-8", "replace")
    if flags & 0x41 or method not in (0, 8) or start > end:
        return None
    if flags & 8 and not packed:
        return _streamed(fd, path, name, method, start, end)
    if 0xFFFFFFFF in (size, packed):
        return None
    here = min(packed, end - start)
    data = ByteRange(path, start, here if not method else size, here if method else None)
    return ZipEntry(name, data, crc, here == packed), start + packed


def _streamed(
    fd: int, path: str, name: str, method: int, start: int, end: int
) -> tuple[ZipEntry, int]:
    """Return an entry whose size stands behind its data, found by the footer that fits."""
    at = start
    while at < end:
        chunk = read_at(fd, _CHUNK + 24, at)
        place = chunk.find(_FOOTER)
        while 0 <= place < _CHUNK:
            footer = read_at(fd, 24, at + place)
            here = at + place - start
            for layout, width in (("<IQQ", 24), ("<III", 16)):
                if len(footer) >= width:
                    crc, packed, size = struct.unpack_from(layout, footer, 4)
                    if packed == here:
                        data = ByteRange(path, start, size, packed if method else None)
                        return ZipEntry(name, data, crc), at + place + width
            place = chunk.find(_FOOTER, place + 1)
        at += _CHUNK
    return ZipEntry(name, ByteRange(path, start, end - start), 0, is_whole=False), end
