"""What a log format is and what a reader hands back; no format stands here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nandoctor.evidence import LogEvent
from nandoctor.logs.groups import Group
from nandoctor.logs.source import Source

Progress = Callable[[str, float], None]


@dataclass(slots=True)
class Reading:
    """What a reader found: groups of rows that name the same metrics, and what it could not read.

    Args:
        groups: The rows; the choice of step and loss among them is made later, for all formats.
        dialect: A better name than the format's, where the reader recognised one.
    """

    groups: list[Group] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    num_lines: int = 0
    num_unread: int = 0
    unread_examples: list[str] = field(default_factory=list)
    dialect: str = ""
    has_lines: bool = True

    def unread(self, text: str) -> None:
        """Count a line that should have been a row, and keep the first few."""
        self.num_unread += 1
        if len(self.unread_examples) < 5:
            self.unread_examples.append(text.strip()[:200])


@dataclass(frozen=True, slots=True)
class LogFormat:
    """One way in which logs are written.

    Args:
        name: As it stands in the report.
        sniff: Whether the head of a file (up to 256 KiB, decompressed) is of this format.
        read: Read it all, as a stream.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Callable[[Source], Reading]
