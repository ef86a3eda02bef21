"""The events of a text log in one pass, in memory that does not grow with it: metric lines that
look alike are read at once, and only those that are not finite are looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import LogEvent
from nandoctor.logs import naming
from nandoctor.logs.block import Lines, lines_of
from nandoctor.logs.events import EventScanner
from nandoctor.logs.lines import line_blocks
from nandoctor.logs.source import Source
from nandoctor.logs.template import Template, match_all
from nandoctor.logs.text_reader import TextReader


def scan(source: Source) -> list[LogEvent]:
    """Return the events of a text log in line order."""
    scanner, reader = EventScanner(), TextReader(keeps_rows=False)
    number = 1
    for block, end, _ in line_blocks(source):
        if not scanner.is_wanted(block[:end]):
            number += block.count(b"\n", 0, end)
            continue
        block = block.replace(b"\x08", b"\r")
        lines = lines_of(block, end, number)
        _scan_block(block, lines, scanner, reader)
        reader.learn()
        number = lines.behind
    return scanner.finish()


def _scan_block(block: bytes, lines: Lines, scanner: EventScanner, reader: TextReader) -> None:
    looked_at = lines.ends > lines.starts
    for template, rows, values in match_all(reader.templates, lines, looked_at):
        looked_at[rows[_is_telling(template, values)]] = True
    for row in np.flatnonzero(looked_at).tolist():
        raw, number = block[lines.starts[row] : lines.ends[row]], int(lines.numbers[row])
        if scanner.take(number, raw.decode("utf-8", "replace")):
            reader.take(number, raw.decode("latin-1"))


def _is_telling(template: Template, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows hold a number that is not finite, or a counter of such steps that grew."""
    telling = np.asarray(~np.isfinite(values).all(axis=1))
    for place, key in enumerate(template.group.keys):
        if naming.counter_name(key) == "num_nan_steps":
            telling |= np.diff(values[:, place], prepend=0.0) > 0
    return telling
