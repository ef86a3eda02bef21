"""What one class of failure lines is; the classes stand elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventKind:
    """One class of failure.

    Args:
        name: As it stands in ``LogEvent.kind``.
        needles: Lower-case texts of which one must be in the line (a cheap first look).
        pattern: What the line must match.
        unless: What makes the same words harmless.
    """

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None


def event_kind(name: str, needles: tuple[str, ...], *patterns: str, unless: str = "") -> EventKind:
    """Build a kind from alternatives, case-insensitive."""
    return EventKind(
        name, needles, re.compile("|".join(patterns), re.IGNORECASE),
        re.compile(unless, re.IGNORECASE) if unless else None,
    )  # fmt: skip
