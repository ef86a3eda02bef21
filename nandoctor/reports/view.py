"""How a report is to be shown; the report itself does not change with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """The settings that every renderer is given; each uses what concerns it.

    Args:
        width: Columns of the terminal.
        has_color: Whether terminal codes may be used.
        is_ascii: Whether the output can only take ASCII.
        lang: Language of the fixed texts, ``en`` or ``zh``.
    """

    width: int = 80
    has_color: bool = False
    is_ascii: bool = False
    lang: str = "en"


PLAIN = View()
