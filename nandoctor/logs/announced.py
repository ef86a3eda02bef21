"""The step that lines without metrics announce for the rows below them."""

from __future__ import annotations

import math

from nandoctor.logs import naming
from nandoctor.logs.line import Named


class Announced:
    """The last step, iteration or epoch that was announced, the finest where there are several;
    ``value`` is NaN until one is."""

    def __init__(self) -> None:
        self.value = math.nan
        self._since_row: dict[int, float] = {}

    def take(self, kept: list[Named]) -> None:
        """Note the counters of a line."""
        found: dict[int, float] = {}
        for named in kept:
            rank = naming.step_rank(named.key)
            if rank is not None and (rank not in found or "global" in named.key.lower()):
                found[rank] = named.value
        if found:
            self._since_row |= found
            self.value = self._since_row[min(self._since_row)]

    def take_row(self) -> None:
        """Note that a row was read: what was announced before it counts no more."""
        self._since_row.clear()
