"""The general text format: blocks of lines, the alike ones read at once, the others one by one."""

from __future__ import annotations

import re

import numpy as np

from nandoctor.logs.block import Lines, lines_of
from nandoctor.logs.dialects import dialect_of
from nandoctor.logs.events import EventScanner
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.lines import line_blocks
from nandoctor.logs.source import Source
from nandoctor.logs.template import match_all
from nandoctor.logs.text_reader import TextReader

_UNREADABLE = re.compile(
    r"\bloss['\"]?\s*[:=]\s*['\"]?(?:n/?a\b|none\b|-{2,}|\?+|\*+|#+|$)", re.IGNORECASE
)


def _sniff(head: bytes) -> bool:
    return b"\0" not in head


def _read(source: Source) -> Reading:
    reading, reader, scanner = Reading(), TextReader(), EventScanner(numbers=False)
    number = 1
    for block, end, dropped in line_blocks(source):
        for _ in range(dropped):
            reading.unread("(a line of more than 4 MiB)")
        block = block.replace(b"\x08", b"\r")
        lines = lines_of(block, end, number)
        _read_block(block, lines, reader, scanner, reading)
        reader.learn()
        number = lines.behind
    reading.num_lines = number - 1
    reading.dialect = dialect_of(source.head)
    reading.groups = list(reader.groups.by_keys.values())
    reading.events = scanner.finish()
    return reading


def _read_block(
    block: bytes, lines: Lines, reader: TextReader, scanner: EventScanner, reading: Reading
) -> None:
    free = lines.ends > lines.starts
    matches = match_all(reader.templates, lines, free)
    announced: list[tuple[int, float]] = [(-1, reader.context)]
    for row in np.flatnonzero(free).tolist():
        text = block[lines.starts[row] : lines.ends[row]].decode("latin-1")
        before, number = reader.context, int(lines.numbers[row])
        if not reader.take(number, text) and _UNREADABLE.search(text):
            reading.unread(text.encode("latin-1").decode("utf-8", "replace"))
        if reader.context is not before:
            announced.append((row, reader.context))
        scanner.take(number, text)
    places = np.array([place for place, _ in announced])
    values = np.array([value for _, value in announced])
    for template, rows, found in matches:
        context = values[np.searchsorted(places, rows) - 1] if len(places) > 1 else values
        numbers = lines.numbers[rows]
        template.group.add_many(numbers, found, context=np.broadcast_to(context, numbers.shape))


FORMAT = LogFormat("text", _sniff, _read)
