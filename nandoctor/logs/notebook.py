"""Jupyter notebooks: the printed output of the cell that trained longest, read like any text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.loss_name import LAST_RESORT, loss_rank
from nandoctor.logs.source import Source
from nandoctor.logs.text_reader import TextReader

_LARGEST = 1 << 28
_STRING = re.compile(rb'^\s*(".*"),?\s*$', re.MULTILINE)
_TAGS = re.compile(r"<[^>]*>")
_ROW_END = re.compile(r"</tr>|</p>|<br\s*/?>|</div>", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]>", re.IGNORECASE)


def _sniff(head: bytes) -> bool:
    return (
        head.lstrip()[:1] == b"{"
        and b'"cells"' in head
        and (b'"cell_type"' in head or b'"nbformat"' in head)
    )


def _read(source: Source) -> Reading:
    data = source.read_all(_LARGEST)
    reading = Reading(has_lines=False, num_lines=data.count(b"\n") + 1)
    try:
        cells = json.loads(data)["cells"]
        outputs = [list(_lines(cell)) for cell in cells] if isinstance(cells, list) else []
    except (ValueError, KeyError, TypeError, RecursionError):
        reading.unread("(the notebook is cut off or damaged: its strings were read one by one)")
        outputs = [list(_whole_strings(data))]
    best = 0
    for lines in outputs:
        reader = TextReader()
        for number, line in enumerate(lines, 1):
            reader.take(number, line)
        groups = reader.finish()
        count = sum(g.count for g in groups if any(_is_loss(key) for key in g.keys))
        if count > best:
            best, reading.groups = count, groups
    return reading


def _whole_strings(data: bytes) -> Iterator[str]:
    """Yield the lines of a damaged notebook's outputs: strings that stand on lines of their own."""
    for match in _STRING.finditer(data):
        try:
            text = json.loads(match.group(1))
        except ValueError:
            continue
        yield from _split(text)


def _is_loss(key: str) -> bool:
    rank = loss_rank(key)
    return rank is not None and rank < LAST_RESORT


def _lines(cell: Any) -> Iterator[str]:
    for output in cell.get("outputs", ()) if isinstance(cell, dict) else ():
        if not isinstance(output, dict):
            continue
        for text in _texts(output):
            yield from _split(text)


def _split(text: str) -> Iterator[str]:
    for whole in text.replace("\x08", "\r").split("\n"):
        yield from (part for part in whole.split("\r") if part)


def _texts(output: dict[str, Any]) -> Iterator[str]:
    data = output.get("data")
    if isinstance(data, dict) and "text/html" in data:
        page = _joined(data["text/html"])
        rows = _CELL_END.sub("\t", re.sub(r"\s*\n\s*", " ", page))
        yield html.unescape(_TAGS.sub("", _ROW_END.sub("\n", rows)))
    elif isinstance(data, dict):
        yield _joined(data.get("text/plain", ""))
    yield _joined(output.get("text", ""))


def _joined(text: Any) -> str:
    if isinstance(text, list):
        return "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""


FORMAT = LogFormat("notebook", _sniff, _read)
