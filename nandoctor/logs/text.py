"""The general text format: blocks of lines, the alike ones read at once, the others one by one."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.block import Lines, lines_of
from nandoctor.logs.dialects import dialect_of
from nandoctor.logs.events import EventScanner
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Group
from nandoctor.logs.lines import line_blocks
from nandoctor.logs.row_states import RowStates
from nandoctor.logs.source import Source
from nandoctor.logs.template import Match, match_all
from nandoctor.logs.text_reader import TextReader

_UNREADABLE = re.compile(
    r"\bloss['\"]?\s*[:=]\s*['\"]?(?:n/?a\b|none\b|-{2,}|\?+|\*+|#+|$)", re.IGNORECASE
)

_TEST_REPORT = re.compile(r"\b(?:PASSED|FAILED|ERROR|XFAIL|XPASS|SKIPPED|RERUN)\b.* \S+::\w")
"""A test's outcome, not a row: pytest's short summary quotes the message."""


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
    reading.groups = reader.finish()
    reading.events = scanner.finish()
    return reading


def _read_block(
    block: bytes, lines: Lines, reader: TextReader, scanner: EventScanner, reading: Reading
) -> None:
    free = lines.ends > lines.starts
    matches = match_all(reader.templates, lines, free)
    states = RowStates(reader, matches)
    for row in np.flatnonzero(free).tolist():
        text = block[lines.starts[row] : lines.ends[row]].decode("latin-1")
        number = int(lines.numbers[row])
        states.before(row)
        is_report = "::" in text and _TEST_REPORT.search(text) is not None
        if not is_report and not reader.take(number, text) and _UNREADABLE.search(text):
            reading.unread(text.encode("latin-1").decode("utf-8", "replace"))
        states.after(row)
        scanner.take(number, text)
    states.before(len(lines.starts))
    for match in matches:
        _add_matched(match, lines, reader, states)


def _add_matched(match: Match, lines: Lines, reader: TextReader, states: RowStates) -> None:
    """Add a template's rows, each in the state that the lines before it left."""
    template, rows, found = match
    numbers, (context, is_validation) = lines.numbers[rows], states.of(rows)
    parts: list[tuple[Group | None, NDArray[np.bool_] | slice]] = [(template.group, slice(None))]
    if is_validation.any():
        other = reader.validation.group_for(template.group)
        parts = [(template.group, ~is_validation), (other, is_validation)]
    for group, kept in parts:
        if group is not None and len(numbers[kept]):
            group.add_many(numbers[kept], found[kept], context=context[kept])


FORMAT = LogFormat("text", _sniff, _read)
