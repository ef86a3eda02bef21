"""TensorBoard event files, read without the tensorboard package: a run's log must be readable
where only nandoctor is installed, and the scalars need a few fields of one message."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from nandoctor.logs import wire
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Groups
from nandoctor.logs.source import Source

_LONGEST_RECORD = 1 << 28
_FLOAT, _DOUBLE = 1, 2
"""tensorflow.DataType values of a scalar tensor."""


def _records(source: Source) -> Iterator[bytes]:
    """Yield the records of a TFRecord file; a cut-off end stops the walk."""
    data = b""
    for block in source.blocks():
        data += block
        place = 0
        while place + 12 <= len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            if length > _LONGEST_RECORD:
                return
            if place + 16 + length > len(data):
                break
            yield data[place + 12 : place + 12 + length]
            place += 16 + length
        data = data[place:]


def _event(record: bytes) -> tuple[int, list[tuple[str, float]]]:
    step = 0
    values: list[tuple[str, float]] = []
    for name, value in wire.fields(record):
        if name == 2 and isinstance(value, int):
            step = value
        elif name == 5 and isinstance(value, bytes):
            for inner, entry in wire.fields(value):
                if inner == 1 and isinstance(entry, bytes):
                    values.extend(_value(entry))
    return step, values


def _value(entry: bytes) -> Iterator[tuple[str, float]]:
    """Yield (tag, scalar) of a Summary.Value that is a scalar."""
    tag, scalar = "", None
    for name, value in wire.fields(entry):
        if name == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif name == 2:
            scalar = wire.number(value)
        elif name == 8 and isinstance(value, bytes):
            scalar = _tensor_scalar(value)
    if scalar is not None and tag:
        yield tag, scalar


def _tensor_scalar(tensor: bytes) -> float | None:
    kind, content = 0, b""
    for name, value in wire.fields(tensor):
        if name == 1 and isinstance(value, int):
            kind = value
        elif name in (4, 5, 6) and isinstance(value, bytes):
            content = value
    size = {_FLOAT: 4, _DOUBLE: 8}.get(kind)
    return wire.number(content) if size is not None and len(content) == size else None


def _sniff(head: bytes) -> bool:
    if len(head) < 24:
        return False
    (length,) = struct.unpack_from("<Q", head)
    return 8 < length < 4096 and b"brain.Event:" in head[:64]


def _read(source: Source) -> Reading:
    reading, groups = Reading(has_lines=False), Groups()
    for number, record in enumerate(_records(source), 1):
        step, values = _event(record)
        for tag, scalar in values:
            group = groups.of(("step", tag))
            if group is not None:
                group.add(number, (float(step), scalar))
        reading.num_lines = number
    reading.groups = list(groups.by_keys.values())
    return reading


FORMAT = LogFormat("tensorboard", _sniff, _read)
