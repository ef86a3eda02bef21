"""The events of a text log in one pass, in memory that does not grow with it: metric lines that
look alike are read at once, and only those that are not finite are looked at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import LogEvent
from nandoctor.logs import naming
from nandoctor.logs.block import lines_of
from nandoctor.logs.events import EventScanner
from nandoctor.logs.lines import line_blocks
from nandoctor.logs.source import Source
from nandoctor.logs.template import Template, match_all
from nandoctor.logs.text_reader import TextReader

_LONGEST = 4096
_ENOUGH = 1000
"""Lines of a template that are looked at for the same numbers' being not finite."""
_METRIC_WORDS = ("oss", "norm", "grad", "scale", "lr", "learning")


def scan(source: Source) -> list[LogEvent]:
    """Return the events of a text log in line order."""
    scanner, reader = EventScanner(), TextReader(keeps_rows=False)
    seen: dict[tuple[int, int], int] = {}
    number = 1
    for block, end, _ in line_blocks(source):
        block = block.replace(b"\x08", b"\r")
        lines = lines_of(block, end, number)
        looked_at = lines.ends > lines.starts
        for template, rows, values in match_all(reader.templates, lines, looked_at):
            looked_at[rows[_is_telling(template, values, seen)]] = True
        for row in _in_order(looked_at, scanner):
            raw, number = block[lines.starts[row] : lines.ends[row]], int(lines.numbers[row])
            if scanner.take(number, raw.decode("utf-8", "replace")) and _may_be_metric(raw):
                reader.take(number, raw.decode("latin-1"))
        reader.learn()
        number = lines.behind
    return scanner.finish()


def _in_order(looked_at: NDArray[np.bool_], scanner: EventScanner) -> Iterator[int]:
    """Yield the rows to look at, and every row while a traceback is open."""
    row = -1
    for wanted in [*np.flatnonzero(looked_at).tolist(), len(looked_at)]:
        while scanner.is_inside and row + 1 < wanted:
            row += 1
            yield row
        if row < wanted < len(looked_at):
            row = wanted
            yield row


def _may_be_metric(raw: bytes) -> bool:
    text = raw[:_LONGEST].decode("latin-1").lower()
    return any(word in text for word in _METRIC_WORDS)


def _is_telling(
    template: Template, values: NDArray[np.float64], seen: dict[tuple[int, int], int]
) -> NDArray[np.bool_]:
    """Return which rows hold a number that is not finite, or a counter of such steps that grew.

    Args:
        template: Has read them.
        values: float64[n, k].
        seen: How many rows of a template had the same columns not finite; kept up to date.
    """
    telling = np.zeros(len(values), bool)
    nonfinite = ~np.isfinite(values)
    if nonfinite.any():
        which = nonfinite @ (1 << np.arange(values.shape[1]) % 62)
        for code in np.unique(which[which > 0]).tolist():
            rows, key = np.flatnonzero(which == code), (id(template), code)
            telling[rows[: max(0, _ENOUGH - seen.get(key, 0))]] = True
            seen[key] = seen.get(key, 0) + len(rows)
    for place, name in enumerate(template.group.keys):
        if naming.counter_name(name) == "num_nan_steps":
            telling |= np.diff(values[:, place], prepend=0.0) > 0
    return telling
