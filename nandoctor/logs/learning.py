"""Learns the template of a group's lines from a few that were read the general way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.groups import Group
from nandoctor.logs.line import Named
from nandoctor.logs.template import FIRST_TAIL, WIDEST, Field, Template

FEWEST_SAMPLES = 16
_DELIMITERS = b"|:,=\t; '["
_TAIL = 12
_HEAD = 24
_SLACK = 16
"""Bytes that numbers may grow by."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A line that was read the general way."""

    line: bytes
    numbers: tuple[Named, ...]


def learn(group: Group, samples: list[Sample]) -> Template | None:
    """Return the template of a group's lines; None where they are too unlike."""
    for delimiter in _DELIMITERS:
        counts = {sample.line.count(delimiter) for sample in samples}
        if len(counts) != 1:
            continue
        fields = [_field(samples, place, delimiter) for place in range(len(group.keys))]
        known = tuple(field for field in fields if field is not None)
        if len(known) == len(fields):
            head, fixed = _head(samples, group.rank)
            if group.rank is None and len(known[0].tail) >= len(head.tobytes().rstrip(b" ")):
                head, fixed = head[:0], fixed[:0]  # the text before the first number says it
            longest = max(len(sample.line) for sample in samples) + _SLACK
            return Template(group, delimiter, counts.pop(), head, fixed, known, longest)
    return None


def _field(samples: list[Sample], place: int, delimiter: int) -> Field | None:
    spots, tails, after, width = set(), set(), set(), 0
    for sample in samples:
        number = sample.numbers[place]
        before = sample.line[: number.start].rstrip(b" ")
        anchor = before.count(delimiter)
        spots.add((anchor, len(before) - before.rfind(delimiter) - 1))
        tails.add(before[-(_TAIL if place else FIRST_TAIL) :])
        after.add(sample.line[number.end] if number.end < len(sample.line) else 10)
        width = max(width, number.end - len(before))
    width += 8
    if (
        len(spots) != 1
        or width > WIDEST
        or delimiter
        in b"".join(
            sample.line[sample.numbers[place].start : sample.numbers[place].end]
            for sample in samples
        )
    ):
        return None
    anchor, offset = spots.pop()
    tail = _common_end(tails)
    if tail[-1:].isdigit():
        return None
    if 10 in after:
        after.add(13)
    return Field(anchor, offset, tail, width, frozenset(after))


def _common_end(texts: set[bytes]) -> bytes:
    """Return the end that all texts share, from behind its last digit on."""
    for length in range(min(map(len, texts)), 0, -1):
        ends = {text[-length:] for text in texts}
        if len(ends) == 1:
            end = ends.pop()
            digits = [place for place, char in enumerate(end[:-1], 1) if 48 <= char < 58]
            return end[digits[-1] :] if digits else end
    return b""


def _head(samples: list[Sample], rank: int | None) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return the first bytes of a line and which of them never change: no digits, no padding."""
    length = min(_HEAD, *(sample.numbers[0].start for sample in samples))
    heads = np.array([list(sample.line[:length]) for sample in samples], np.uint8)
    same = (heads == heads[0]).all(axis=0)
    is_digit = (heads[0] >= 48) & (heads[0] < 58)
    if rank is None:
        same &= ~is_digit
    else:
        number = samples[0].line.find(str(rank).encode())
        kept = (np.arange(length) >= number) & (np.arange(length) < number + len(str(rank)))
        same &= ~is_digit | kept
    return heads[0], np.flatnonzero(same & (heads[0] != 32))
