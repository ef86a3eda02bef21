"""Jupyter notebooks: the printed output of the cell that trained longest, read like any text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from nandoctor.errors import UnreadableInputError
from nandoctor.logs import naming
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.source import Source
from nandoctor.logs.text_reader import TextReader

_LARGEST = 1 << 28
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
    try:
        cells = json.loads(data)["cells"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableInputError(
            f"{source.path}: a damaged notebook", hint="open and save it in Jupyter, or export it"
        ) from error
    reading = Reading(has_lines=False, num_lines=data.count(b"\n") + 1)
    best = 0
    for cell in cells if isinstance(cells, list) else []:
        reader = TextReader()
        for number, line in enumerate(_lines(cell), 1):
            reader.take(number, line)
        groups = list(reader.groups.by_keys.values())
        count = sum(g.count for g in groups if any(_is_loss(key) for key in g.keys))
        if count > best:
            best, reading.groups = count, groups
    return reading


def _is_loss(key: str) -> bool:
    rank = naming.loss_rank(key)
    return rank is not None and rank < naming.LAST_RESORT


def _lines(cell: Any) -> Iterator[str]:
    for output in cell.get("outputs", ()) if isinstance(cell, dict) else ():
        if not isinstance(output, dict):
            continue
        for text in _texts(output):
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
