"""A block of text as arrays: where its lines and the delimiters in them stand, and what text
stands at known places; no number is read here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Delimiters:
    """One delimiter in the lines of a block.

    Args:
        places: Where it stands, in the buffer.
        first: Of each line, the index in ``places`` of its first one.
        count: Of each line, how many it has.
    """

    places: NDArray[np.intp]
    first: NDArray[np.intp]
    count: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lines:
    """The whole lines of a block: numbers, starts and ends in the buffer.

    Args:
        buffer: It may go on behind the last whole line.
        behind: The number of the line behind the last one.
    """

    buffer: NDArray[np.uint8]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    numbers: NDArray[np.int64]
    behind: int
    _delimiters: dict[int, Delimiters] = field(default_factory=dict)

    def delimiters(self, char: int) -> Delimiters:
        """Find a delimiter in all lines."""
        if char not in self._delimiters:
            places = np.flatnonzero(self.buffer[: self.ends[-1]] == char)
            self._delimiters[char] = Delimiters(places, *_shares(places, self.starts, self.ends))
        return self._delimiters[char]


def lines_of(block: bytes, end: int, number: int) -> Lines:
    """Split the first ``end`` bytes of a block, which begin with line ``number``, into lines."""
    if end == len(block) and not block.endswith((b"\n", b"\r")):
        block += b"\n"
        end += 1
    buffer = np.frombuffer(block, np.uint8)
    is_end = buffer[:end] == 10
    if b"\r" not in block:
        ends = np.flatnonzero(is_end)
        numbers = np.arange(number, number + len(ends))
    else:
        ends = np.flatnonzero(is_end | (buffer[:end] == 13))
        is_newline = is_end[ends]
        numbers = number + np.cumsum(is_newline) - is_newline
    starts = np.concatenate([[0], ends[:-1] + 1])
    return Lines(buffer, starts, ends, numbers, int(numbers[-1] + is_end[ends[-1]]))


def _shares(
    places: NDArray[np.intp], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the index of each line's first place, and how many it has."""
    each, rest = divmod(len(places), len(starts))
    if each and not rest:  # most often all lines have the same number
        first, last = places[::each], places[each - 1 :: each]
        if (first >= starts).all() and (last < ends).all():
            return np.arange(0, len(places), each), np.full(len(starts), each)
    behind = np.searchsorted(places, ends)
    begin = np.concatenate([[0], behind[:-1]])
    return begin, behind - begin


def has_text(
    buffer: NDArray[np.uint8],
    starts: NDArray[np.intp],
    text: NDArray[np.uint8],
    fixed: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Return where the bytes at the ``fixed`` places of ``text`` stand behind ``starts``."""
    same = np.ones(len(starts), bool)
    for place in fixed.tolist():
        same &= buffer[starts + place] == text[place]
    return same


def stands_before(
    buffer: NDArray[np.uint8], base: NDArray[np.intp], tail: bytes
) -> NDArray[np.bool_]:
    """Return where the text stands right before ``base``: eight bytes are compared at once."""
    words = np.ndarray((len(buffer) - 7,), "<u8", buffer=buffer, strides=(1,))
    same = np.ones(len(base), bool)
    for end in range(len(tail), 0, -8):
        part = tail[max(0, end - 8) : end]
        word = words[np.maximum(base - (len(tail) - end + 8), 0)]
        unused = np.uint64(8 * (8 - len(part)))
        same &= (word >> unused) == np.uint64(int.from_bytes(part, "little"))
    return same


def windows(buffer: NDArray[np.uint8], base: NDArray[np.intp], width: int) -> NDArray[np.uint8]:
    """Return uint8[n, width]: the bytes from each place on, taken whole."""
    places = len(buffer) - width + 1
    whole = np.ndarray((places,), dtype=f"V{width}", buffer=buffer, strides=(1,))
    return np.ascontiguousarray(whole[base]).view(np.uint8).reshape(len(base), width)
