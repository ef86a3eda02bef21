"""How a report is to be shown; the report itself does not change with it."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The settings that every renderer is given; each uses what concerns it.

    Args:
        width: Columns of the terminal.
        has_color: Whether terminal codes may be used.
        is_ascii: Whether the output can only take ASCII.
        lang: Language of the fixed texts, ``en`` or ``zh``.
        shows_all: Whether every row of a table is shown, however many there are.
    """

    width: int = 80
    has_color: bool = False
    is_ascii: bool = False
    lang: str = "en"
    shows_all: bool = False

    def limit(self, num: int) -> int:
        """Return how many rows of a table are shown: ``num``, or all of them."""
        return sys.maxsize if self.shows_all else num


PLAIN = View()
