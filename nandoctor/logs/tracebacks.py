"""Python tracebacks in a log, of several ranks at once, and what anomaly mode adds to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nandoctor.evidence import LogEvent

_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+), in (\S+)')
_START = "Traceback (most recent call last):"
_ANOMALY = re.compile(r"Error detected in (\w+)\. .*Traceback of forward call")
_RETURNED = re.compile(r"Function '(\w+)' returned nan values in its \d+th output")
_RULE = re.compile(r"^[\s~^]*$")
_LONGEST = 2000
_MOST_FRAMES = 100
"""The innermost ones are kept."""
_LIBRARY = ("site-packages", "dist-packages", "/torch/", "<frozen", "lib/python")


@dataclass(slots=True)
class _Open:
    """A traceback that is being printed."""

    line: int
    op: str = ""
    frames: list[tuple[str, str, str, str]] = field(default_factory=list)
    length: int = 0


class Tracebacks:
    """Follows the tracebacks of each rank; yields one event for each at its last line."""

    def __init__(self) -> None:
        self._open: dict[int | None, _Open] = {}
        self._forward: dict[int | None, str] = {}
        self.ended_at = 0
        """The last line of the last traceback."""

    @property
    def is_idle(self) -> bool:
        """Whether no traceback is open."""
        return not self._open

    def is_inside(self, rank: int | None) -> bool:
        """Whether the rank's last line belongs to a traceback."""
        return rank in self._open

    def take(self, number: int, text: str, rank: int | None) -> Iterator[LogEvent]:
        """Look at one line, without its prefix."""
        anomaly = _ANOMALY.search(text)
        if anomaly:
            self._open[rank] = _Open(number, anomaly.group(1))
            return
        if _START in text:
            if rank in self._open and self._open[rank].op:
                yield from self._end_of_forward(rank)
            self._open[rank] = _Open(number)
            return
        current = self._open.get(rank)
        if current is None:
            return
        current.length += 1
        frame = _FRAME.match(text)
        if frame:
            current.frames.append((frame.group(1), frame.group(2), frame.group(3), ""))
            del current.frames[:-_MOST_FRAMES]
        elif (text.startswith((" ", "\t")) or _RULE.match(text)) and current.length < _LONGEST:
            if current.frames and not current.frames[-1][3] and not _RULE.match(text):
                current.frames[-1] = (*current.frames[-1][:3], text.strip())
        elif current.op:
            yield from self._end_of_forward(rank)
        else:
            yield from self._end(number, text, rank)

    def _end_of_forward(self, rank: int | None) -> Iterator[LogEvent]:
        """Keep what anomaly mode says of the forward call."""
        current = self._open.pop(rank)
        text = f"{current.op} at {_innermost(current.frames)}"
        self._forward[rank] = text
        yield LogEvent("anomaly_traceback", current.line, text[:500], None, rank)

    def _end(self, number: int, text: str, rank: int | None) -> Iterator[LogEvent]:
        current = self._open.pop(rank)
        self.ended_at = number
        returned = _RETURNED.search(text)
        if returned:
            if rank not in self._forward:
                yield LogEvent("anomaly_traceback", number, text.strip()[:500], None, rank)
            return
        if text.startswith("KeyboardInterrupt"):
            return  # the user's own doing
        where = _innermost(current.frames)
        message = text.strip()[:400] + (f" ({where})" if where else "")
        yield LogEvent("python_traceback", number, message, None, rank)

    def finish(self) -> Iterator[LogEvent]:
        """Close what the end of the log cut off."""
        for rank in [*self._open]:
            if self._open[rank].op:
                yield from self._end_of_forward(rank)
            else:
                current = self._open.pop(rank)
                message = f"traceback cut off at {_innermost(current.frames)}"
                yield LogEvent("python_traceback", current.line, message, None, rank)


def _innermost(frames: list[tuple[str, str, str, str]]) -> str:
    """Return ``file:line in function: code`` of the innermost frame of the user's own code."""
    own = [frame for frame in frames if not any(part in frame[0] for part in _LIBRARY)]
    for file, line, function, code in reversed(own or frames):
        return f"{file}:{line} in {function}" + (f": {code}" if code else "")
    return ""
