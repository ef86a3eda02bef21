"""W&B offline runs (``run-ID.wandb``), read without the wandb package: a LevelDB-like log of
protobuf records, of which only the history is wanted."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

from nandoctor.logs import wire
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Groups
from nandoctor.logs.records import add_record
from nandoctor.logs.source import Source

_BLOCK = 32768
_HEADER = 7
_FULL, _FIRST, _LAST = 1, 2, 4
_HISTORY = 2
"""Number of the history field in wandb's Record message."""
_LARGEST = 1 << 28


def _records(source: Source) -> Iterator[bytes]:
    """Yield the records; a broken part ends the walk."""
    parts, place = b"", _HEADER  # the file begins with a header of its own
    while block := source.stream.read(_BLOCK):
        while place + _HEADER <= len(block):
            _, length, kind = struct.unpack_from("<IHB", block, place)
            part = block[place + _HEADER : place + _HEADER + length]
            place += _HEADER + length
            if kind == 0 or len(part) < length:
                return
            parts = part if kind in (_FULL, _FIRST) else parts + part
            if kind in (_FULL, _LAST):
                yield parts
            elif len(parts) > _LARGEST:
                return
        place = 0


def _history(record: bytes) -> dict[str, object]:
    """Return the row that a history record holds; empty for any other record."""
    row: dict[str, object] = {}
    for name, value in wire.fields(record):
        if name != _HISTORY or not isinstance(value, bytes):
            continue
        for inner, entry in wire.fields(value):
            if inner == 1 and isinstance(entry, bytes):
                row.update(_item(entry))
            elif inner == 2 and isinstance(entry, bytes):
                row.setdefault("_step", next((v for n, v in wire.fields(entry) if n == 1), 0))
    return row


def _item(entry: bytes) -> Iterator[tuple[str, object]]:
    key, text = "", b""
    for name, value in wire.fields(entry):
        if isinstance(value, bytes):
            if name in (1, 2):  # key, or one part of a nested key
                part = value.decode("utf-8", "replace")
                key = f"{key}/{part}" if key else part
            elif name == 16:
                text = value
    try:
        yield key, json.loads(text)
    except ValueError:
        return


def _sniff(head: bytes) -> bool:
    return head.startswith(b":W&B")


def _read(source: Source) -> Reading:
    reading, groups = Reading(has_lines=False), Groups()
    for number, record in enumerate(_records(source), 1):
        row = _history(record)
        if row:
            row["global_step"] = row.pop("_step", 0)
            row = {key: value for key, value in row.items() if not key.startswith("_")}
            add_record(groups, number, row)
        reading.num_lines = number
    reading.groups = list(groups.by_keys.values())
    return reading


FORMAT = LogFormat("wandb", _sniff, _read)
