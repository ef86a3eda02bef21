"""JSON lines: one record a line (mmengine, DeiT, torchtune, own loggers)."""

from __future__ import annotations

import json
import re

from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Groups
from nandoctor.logs.lines import numbered
from nandoctor.logs.records import add_record, has_loss
from nandoctor.logs.source import Source

_PAIR = re.compile(r"loss\S*\s*[:=]", re.IGNORECASE)
_BARE = re.compile(rb"(?<=[:,\[ -])(?:nan|inf(?:inity)?)(?=[,}\] ])", re.IGNORECASE)
"""Non-finite numbers as most languages but JavaScript and Python spell them."""


def _sniff(head: bytes) -> bool:
    lines = [line for line in head[: 1 << 16].splitlines() if line.strip()][:20]
    if not lines or not lines[0].lstrip().startswith(b"{"):
        return False
    if len(lines) == 1 and (b"[" in lines[0] or b"{" in lines[0].lstrip()[1:]):
        return False  # a document on one line
    records = [record for line in lines if (record := _record(line)) is not None]
    if not any(isinstance(v, int | float | str | dict) for r in records for v in r.values()):
        return False  # a dict of lists is a document
    if any(map(_wraps_text, records)) and not any(map(has_loss, records)):
        return False  # a container's log, whose lines stand in a field of theirs
    return len(records) >= 0.5 * (len(lines) - 1)


def _wraps_text(record: dict[str, object]) -> bool:
    return any(isinstance(cell, str) and _PAIR.search(cell) for cell in record.values())


def _record(line: bytes) -> dict[str, object] | None:
    for text in (line, _BARE.sub(_as_json, line)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def _as_json(match: re.Match[bytes]) -> bytes:
    return b"NaN" if match.group(0).lower() == b"nan" else b"Infinity"


def _read(source: Source) -> Reading:
    reading, groups = Reading(), Groups()
    for number, line in numbered(source):
        reading.num_lines = number
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            reading.unread(line.decode("utf-8", "replace"))
        else:
            add_record(groups, number, record)
    reading.groups = list(groups.by_keys.values())
    return reading


FORMAT = LogFormat("jsonl", _sniff, _read)
