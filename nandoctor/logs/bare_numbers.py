"""Numbers without names, one or several a line: a loss series, or rows that begin with the step."""

from __future__ import annotations

import re
from array import array

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Group
from nandoctor.logs.lines import numbered
from nandoctor.logs.source import Source
from nandoctor.logs.spelling import to_number
from nandoctor.logs.steps import behaves_like_step

_SPLIT = re.compile(r"[\s,;|()\[\]{}]+")
_MOST_COLUMNS = 4096


_STANDS_STILL = 0.3
"""Share of rows that repeat the row before: what is set, not measured."""


def _numbers(line: str) -> list[float] | None:
    """Return the numbers of a line of numbers only; None for any other line."""
    if line.startswith("tensor("):
        value = to_number(line)
        return None if value is None else [value]
    numbers: list[float] = []
    for word in filter(None, _SPLIT.split(line)):
        number = to_number(word)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _sniff(head: bytes) -> bool:
    lines = [line for line in head.decode("latin-1").splitlines() if line.strip()][:200]
    if len(head) > 4096 and len(lines) > 2:
        lines.pop()  # cut in its middle
    if lines and "loss" in lines[0][:400].lower():
        return False  # a printed table
    fits = sum(_numbers(line[:20000]) is not None for line in lines)
    return fits > 0 and fits >= 0.8 * len(lines)


def _read(source: Source) -> Reading:
    reading = Reading()
    flat, widths, lines = array("d"), array("q"), array("q")
    has_header = _numbers_its_columns(source.head.decode("latin-1"))
    for number, raw in numbered(source):
        reading.num_lines = number
        if has_header and number == 1:
            continue
        numbers = _numbers(raw.decode("latin-1"))
        if numbers is None:
            reading.unread(raw.decode("utf-8", "replace"))
        elif numbers:
            flat.extend(numbers)
            widths.append(len(numbers))
            lines.append(number)
    reading.groups = [_group(np.array(flat), np.array(widths), np.array(lines))] if lines else []
    return reading


def _numbers_its_columns(head: str) -> bool:
    """Whether the first line is the header of a table without names, as pandas writes it: 0, 1."""
    first, _, rest = head.partition("\n")
    words = list(filter(None, _SPLIT.split(first.strip())))
    row = list(filter(None, _SPLIT.split(rest.partition("\n")[0].strip())))
    if not row or "." not in row[-1] or words != [str(place) for place in range(len(words))]:
        return False
    return len(row) == len(words) + 1 or (len(row) == len(words) and to_number(row[0]) != 1)


def _group(flat: NDArray[np.float64], widths: NDArray[np.int64], lines: NDArray[np.int64]) -> Group:
    """Return the rows: a table where the lines are equally long, else one long series."""
    width = int(np.median(widths))
    if 2 <= width <= _MOST_COLUMNS and len(widths) >= 2:
        whole = widths == width
        starts = (np.cumsum(widths) - widths)[whole]
        table = flat[starts[:, None] + np.arange(width)]
        if whole.mean() > 0.9 and behaves_like_step(table[:, 0], strict=True):
            names = ["step", *(f"column {place}" for place in range(2, width + 1))]
            names[_loss_place(table)] = "loss"
            group = Group(tuple(names))
            group.add_many(lines[whole], table)
            return group
        if whole.all() and width <= 8 and len(widths) >= 5:
            group = Group(("loss", *(f"column {place}" for place in range(2, width + 1))))
            group.add_many(lines, table)
            return group
    group = Group(("loss",))
    group.add_many(np.repeat(lines, widths), flat[:, None])
    return group


def _loss_place(table: NDArray[np.float64]) -> int:
    """Return the first column behind the step that does not hold whole numbers only, one that
    stands still (a learning rate) only where there is no other."""
    is_finite = np.isfinite(table)
    is_whole = ((table == np.floor(table)) & is_finite).sum(axis=0) == is_finite.sum(axis=0)
    is_whole &= is_finite.any(axis=0)
    others = np.flatnonzero(~is_whole[1:]) + 1
    stays = np.mean(table[1:] == table[:-1], axis=0) >= _STANDS_STILL
    moving = others[~stays[others]]
    return int([*moving, *others, 1][0])


FORMAT = LogFormat("bare_numbers", _sniff, _read)
