"""The fixed text of lines that look alike, to read all of a block at once; it is learnt elsewhere,
and a line that deviates is left to the general way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs import floats
from nandoctor.logs.block import Lines, has_text, stands_before, windows
from nandoctor.logs.groups import Group

FIRST_TAIL = 48
WIDEST = 44


@dataclass(frozen=True, slots=True)
class Field:
    """Where a number stands in a line."""

    anchor: int
    """Which delimiter it stands behind, from 1; 0 = the line's start."""
    offset: int
    """Bytes from there to where the number's padding begins."""
    tail: bytes
    """The fixed text before it."""
    width: int
    after: frozenset[int]
    """Bytes that may follow the number."""


@dataclass(frozen=True, slots=True)
class Template:
    """How to find a group's numbers in a line without searching."""

    group: Group
    delimiter: int
    count: int
    """Delimiters in a line."""
    head: NDArray[np.uint8]
    fixed: NDArray[np.intp]
    """Places in the line's head that are the same in all lines."""
    fields: tuple[Field, ...]
    longest: int
    """Bytes of the longest line that it was learnt from, and some: a longer one says more."""

    def match(
        self, lines: Lines, free: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return which of the ``free`` lines fit, and their numbers float64[n, fields]."""
        found = lines.delimiters(self.delimiter)
        rows = np.flatnonzero(free & (found.count == self.count))
        length = lines.ends[rows] - lines.starts[rows]
        rows = rows[(length >= len(self.head)) & (length <= self.longest)]
        if len(rows) and len(self.fixed):
            rows = rows[has_text(lines.buffer, lines.starts[rows], self.head, self.fixed)]
        values = np.empty((len(self.fields), len(rows))).T
        if not len(rows) or len(lines.buffer) < WIDEST + FIRST_TAIL:
            return rows[:0], values[:0]
        fits = np.ones(len(rows), bool)
        starts, ends, first = lines.starts[rows], lines.ends[rows], found.first[rows]
        for place, part in enumerate(self.fields):
            base = found.places[first + (part.anchor - 1)] + 1 if part.anchor else starts
            base = base + part.offset
            fits &= (base - len(part.tail) >= starts) & (base <= ends)
            values[:, place] = _field_values(lines.buffer, base, part, fits)
        return (rows, values) if fits.all() else (rows[fits], values[fits])

    def is_like(self, other: Template) -> bool:
        """Whether the other one reads the same lines."""
        return (
            (self.group, self.delimiter, self.count) == (other.group, other.delimiter, other.count)
            and self.fields == other.fields
            and self.longest <= other.longest
            and np.array_equal(self.fixed, other.fixed)
            and np.array_equal(self.head[self.fixed], other.head[other.fixed])
        )


Match = tuple[Template, NDArray[np.intp], NDArray[np.float64]]
"""A template, the rows that it reads and their numbers."""


def match_all(templates: list[Template], lines: Lines, free: NDArray[np.bool_]) -> list[Match]:
    """Apply the templates; clears ``free`` where a line was read."""
    matches: list[Match] = []
    for template in templates:
        rows, values = template.match(lines, free)
        if len(rows):
            free[rows] = False
            matches.append((template, rows, values))
    return matches


def _field_values(
    buffer: NDArray[np.uint8], base: NDArray[np.intp], part: Field, fits: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return one field of all rows; clears ``fits`` where the text is not as expected."""
    fits &= base <= len(buffer) - part.width  # the file's last lines go the general way
    if not fits.all():
        base = np.where(fits, base, 0)
    fits &= stands_before(buffer, base, part.tail)
    found = windows(buffer, base, part.width)
    values, end, is_plain = floats.parse(found)
    for row in np.flatnonzero(fits & ~is_plain):
        values[row], end[row] = _by_hand(found[row].tobytes())
        fits[row] = end[row] > 0
    fits &= end < part.width
    after = found[np.arange(len(found)), np.minimum(end, part.width - 1)]
    allowed = np.zeros(256, bool)
    allowed[list(part.after)] = True
    fits &= allowed[after]
    return values


def _by_hand(window: bytes) -> tuple[float, int]:
    """Return the number and the offset behind it; offset 0 where there is none."""
    word = window.lstrip(b" ")
    length = len(word)
    for place, char in enumerate(word):
        if not (chr(char).isalnum() or char in b"+-."):
            length = place
            break
    try:
        return float(word[:length]), len(window) - len(word) + length
    except ValueError:
        return 0.0, 0
