"""One JSON document that holds a history: HF trainer_state.json, arrays of records, Keras'
history of lists; a document cut short is read as far as its records are whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Groups
from nandoctor.logs.json_history import records_of
from nandoctor.logs.records import add_record, has_loss
from nandoctor.logs.source import BLOCK, Source

_WHOLE = 1 << 26
"""A larger document is not parsed as a whole; its flat records are picked out as a stream."""
_LONGEST_RECORD = 1 << 16
_FLAT_RECORD = re.compile(rb"\{[^{}]{0,65536}\}")
_PYTHON_LISTS = re.compile(rb"\{'[^']{1,80}': \[")
"""How Python prints a dict of lists."""
_POINTS = re.compile(rb"\[\[\s*1\d{9}[.,]")
"""How TensorBoard hands out a curve: wall time, step, value."""
_NAN = re.compile(rb"\bnan\b")


def _sniff(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] not in (b"{", b"["):
        return False
    start = text[1:].lstrip()[:1]
    if text[:1] == b"{" and b"}\n{" in text.replace(b"\r", b"")[: 1 << 16]:
        return False  # records, one a line
    if start == b"'":
        return _PYTHON_LISTS.match(text) is not None
    has_names = start in (b"{", b"[", b'"') and b'"' in text
    return has_names or _POINTS.match(text) is not None


def _read(source: Source) -> Reading:
    data = source.read_all(_WHOLE)
    reading, groups = Reading(num_lines=data.count(b"\n") + 1, has_lines=False), Groups()
    reading.dialect = "hf_trainer_state" if b'"log_history"' in data[:_WHOLE] else ""
    records: Iterable[Mapping[str, Any]]
    try:
        if len(data) > _WHOLE:
            raise ValueError("too large to be held as objects")
        text = data
        if _PYTHON_LISTS.match(data.lstrip()):
            text = _NAN.sub(b"NaN", data.replace(b"'", b'"'))
        records = list(records_of(json.loads(text)))
    except (ValueError, RecursionError):
        if len(data) <= _WHOLE:
            reading.unread(data[-200:].decode("utf-8", "replace"))
        records = _whole_records(source, data)
    for number, record in enumerate(records, 1):
        add_record(groups, number, record)
    reading.groups = list(groups.by_keys.values())
    return reading


def _whole_records(source: Source, data: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the flat records that name a loss, of ``data`` and what is left of the source."""
    while data:
        end = 0
        for match in _FLAT_RECORD.finditer(data):
            end = match.end()
            try:
                record = json.loads(match.group())
            except ValueError:
                continue
            if has_loss(record):
                yield record
        rest = data[max(end, len(data) - _LONGEST_RECORD) :]
        block = source.stream.read(BLOCK)
        data = rest + block if block else b""


FORMAT = LogFormat("json", _sniff, _read)
