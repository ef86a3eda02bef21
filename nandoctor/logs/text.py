"""The general text format: blocks of lines, the alike ones read at once, the others one by one."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.dialects import dialect_of
from nandoctor.logs.events import EventScanner
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.lines import line_blocks
from nandoctor.logs.source import Source
from nandoctor.logs.template import Lines, Template
from nandoctor.logs.text_reader import TextReader

_UNREADABLE = re.compile(
    r"\bloss['\"]?\s*[:=]\s*['\"]?(?:n/?a\b|none\b|-{2,}|\?+|\*+|#+|$)", re.IGNORECASE
)


def _sniff(head: bytes) -> bool:
    return b"\0" not in head


def _read(source: Source) -> Reading:
    reading, reader, scanner = Reading(), TextReader(), EventScanner(numbers=False)
    number = 1
    for block, dropped in line_blocks(source):
        for _ in range(dropped):
            reading.unread("(a line of more than 4 MiB)")
        number = _read_block(block.replace(b"\x08", b"\r"), number, reader, scanner, reading)
        reader.learn()
    reading.num_lines = number - 1
    reading.dialect = dialect_of(source.head)
    reading.groups = list(reader.groups.by_keys.values())
    reading.events = scanner.finish()
    return reading


def _read_block(
    block: bytes, number: int, reader: TextReader, scanner: EventScanner, reading: Reading
) -> int:
    """Read a block of whole lines; return the number of the line behind it."""
    if not block.endswith((b"\n", b"\r")):
        block += b"\n"
    lines = _lines(block)
    is_newline = lines.buffer[lines.ends] == 10
    numbers = number + np.cumsum(is_newline) - is_newline
    free = lines.ends > lines.starts
    matches = _match(lines, free, reader)
    announced: list[tuple[int, float]] = [(-1, reader.context)]
    for row in np.flatnonzero(free).tolist():
        text = block[lines.starts[row] : lines.ends[row]].decode("latin-1")
        before = reader.context
        if not reader.take(int(numbers[row]), text) and _UNREADABLE.search(text):
            reading.unread(text.encode("latin-1").decode("utf-8", "replace"))
        if reader.context is not before:
            announced.append((row, reader.context))
        scanner.take(int(numbers[row]), text)
    places = np.array([place for place, _ in announced])
    values = np.array([value for _, value in announced])
    for template, rows, found in matches:
        context = values[np.searchsorted(places, rows) - 1]
        template.group.add_many(numbers[rows], found, context=context)
    return int(number + is_newline.sum())


def _match(
    lines: Lines, free: NDArray[np.bool_], reader: TextReader
) -> list[tuple[Template, NDArray[np.intp], NDArray[np.float64]]]:
    """Apply the templates; clears ``free`` where a line was read."""
    delimiters: dict[int, NDArray[np.intp]] = {}
    matches: list[tuple[Template, NDArray[np.intp], NDArray[np.float64]]] = []
    for template in reader.templates:
        if template.delimiter not in delimiters:
            delimiters[template.delimiter] = np.flatnonzero(lines.buffer == template.delimiter)
        rows, values = template.match(lines, free, delimiters[template.delimiter])
        if len(rows):
            free[rows] = False
            matches.append((template, rows, values))
    return matches


def _lines(block: bytes) -> Lines:
    buffer = np.frombuffer(block, np.uint8)
    is_end = buffer == 10
    if b"\r" in block:
        is_end |= buffer == 13
    ends = np.flatnonzero(is_end)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return Lines(buffer, starts, ends)


FORMAT = LogFormat("text", _sniff, _read)
