"""Lines that differ from earlier ones in numbers only, and those said nothing: they are known by
their shape and passed over."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\b[0-9a-f]{8,}\b|(?<![A-Za-z_\d])\d+")
_OFTEN = 4
_MOST = 4096


class DullLines:
    """Counts the shapes of lines that held no metric, no header and no announcement."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def knows(self, shape: str) -> bool:
        """Whether lines of this shape have said nothing often enough."""
        return self._counts.get(shape, 0) >= _OFTEN

    def add(self, shape: str) -> None:
        """Note a line that said nothing."""
        if len(self._counts) >= _MOST:
            self._counts.clear()
        self._counts[shape] = self._counts.get(shape, 0) + 1


def shape_of(text: str) -> str:
    """Return the line with every number that is no part of a name written as 0."""
    return _NUMBER.sub("0", text)
