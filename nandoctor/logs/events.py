"""The events of raw job logs for triage: failure lines, tracebacks, non-finite numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from nandoctor.evidence import LogEvent
from nandoctor.logs import naming
from nandoctor.logs.event_kinds import KINDS
from nandoctor.logs.groups import BAR
from nandoctor.logs.line import Named, numbers_of, plain
from nandoctor.logs.line_kind import rank_of
from nandoctor.logs.loss_name import LAST_RESORT, loss_rank
from nandoctor.logs.tracebacks import Tracebacks

_ZERO_COUNT = re.compile(r"nan iterations:?\s*0\b")
_PER_KIND = 1000
"""Events of one kind that are kept: the first ones tell the story."""
_LONGEST = 4096
_NONFINITE = re.compile(r"(?<![a-z0-9_])(?:nan|inf|infinity)(?![a-z0-9_])")
_PREFIX = re.compile(
    r"^(?:\s*(?:\d{4}-\d\d-\d\dT[\d:.]+Z?\s|##\[\w+\]|\[?(?:rank|default)\s?\d+\]?: ?|\d{1,4}: ))+"
)
_CODE = re.compile(
    r"float\(|\b(?:math|np|numpy|jnp|torch)\.(?:nan|inf|tensor)\b|isnan|isinf|isfinite|^\s*(?:if|def|assert|return|import)\s|"
    r"::\w+.*\b(?:PASSED|XFAIL|XPASS|SKIPPED)|^(?:PASSED|XFAIL|XPASS|SKIPPED|RERUN)\b|"
    r"^\s*(?i:example|e\.g\.|hint|tip|see)\b|\bpassed\b.*\bin [\d.]+s|^\s*(?:#|//|\+|-)\s*\w+\(|"
    r"\b(?:Collecting|Downloading|Installing|Requirement already)\b"
)
_SETTING = re.compile(r"\b(?:max_?(?:grad_?)?norm|clip\w*|best\w*|patience)\b", re.IGNORECASE)
_NEEDLES = tuple(dict.fromkeys(needle for kind in KINDS for needle in kind.needles))
_IN_LINE = (
    "traceback", "error detected in", *(n for n in _NEEDLES if n != "inf"), "inf",
)  # fmt: skip
_INF = re.compile(r"inf(?!o|er\b|ere|ra|la|lu)")
"""``INFO``, ``inference`` and ``infrastructure`` stand in half of all lines."""


class EventScanner:
    """Takes the lines of a log one by one and keeps the events.

    Args:
        numbers: Look for non-finite numbers too, not for messages only.
    """

    def __init__(self, *, numbers: bool = True) -> None:
        self._numbers = numbers
        self.events: list[LogEvent] = []
        self._counts: dict[str, int] = {}
        self._tracebacks = Tracebacks()
        self._nan_steps = 0.0

    @property
    def is_inside(self) -> bool:
        """Whether a traceback is open."""
        return not self._tracebacks.is_idle

    def take(self, number: int, text: str) -> bool:
        """Look at one line; False where it tells of a failure or belongs to a traceback."""
        text = plain(text[:_LONGEST]).rstrip()
        if self._tracebacks.is_idle and not may_tell(text.lower()):
            return True
        rank = rank_of(text)
        bare = _PREFIX.sub("", text)
        for event in self._tracebacks.take(number, bare, rank):
            self._keep(self._named(event))
        if self._tracebacks.is_inside(rank) or self._tracebacks.ended_at == number:
            return False
        lower = _ZERO_COUNT.sub("", bare.lower())
        kind = kind_of(bare, lower.replace("nan iterations", ""))  # a counter, read below
        if kind is not None:
            if not _CODE.search(bare):
                self._keep(LogEvent(kind, number, bare[:500].strip(), self._step_of(bare), rank))
            return False
        if self._numbers and (_NONFINITE.search(lower) or "nan iterations" in lower):
            for event in () if _CODE.search(bare) else self._of_numbers(number, bare, rank):
                self._keep(event)
        return True

    def finish(self) -> list[LogEvent]:
        """Return the events in line order, after the last line."""
        for event in self._tracebacks.finish():
            self._keep(self._named(event))
        return sorted(self.events, key=lambda event: event.line)

    def _named(self, event: LogEvent) -> LogEvent:
        if event.kind != "python_traceback":
            return event
        kind = kind_of(event.text, event.text.lower())
        return LogEvent(kind or event.kind, event.line, event.text, event.step, event.rank)

    def _keep(self, event: LogEvent) -> None:
        count = self._counts.get(event.kind, 0)
        self._counts[event.kind] = count + 1
        if count < _PER_KIND:
            self.events.append(event)

    @staticmethod
    def _step_of(text: str) -> int | None:
        return _step(numbers_of(text))

    def _of_numbers(self, number: int, text: str, rank: int | None) -> Iterator[LogEvent]:
        found = [named for named in numbers_of(text) if not _SETTING.search(named.key)]
        if any(named.key == BAR and named.value == 0 for named in found):
            return  # a bar's text before its first step
        step = _step(found)
        counter = next((n for n in found if naming.counter_name(n.key) == "num_nan_steps"), None)
        if counter is not None and counter.value > self._nan_steps:
            self._nan_steps = counter.value
            yield LogEvent("hidden_nan", number, text.strip()[:500], step, rank)
        loss = _best(found, loss_rank)
        norm = _best(found, naming.grad_norm_rank)
        if loss is not None and not math.isfinite(loss.value):
            yield LogEvent("nonfinite_loss", number, text.strip()[:500], step, rank)
        elif norm is not None and not math.isfinite(norm.value):
            is_hidden = loss is not None and loss.value == 0 and math.isnan(norm.value)
            kind = "hidden_nan" if is_hidden else "nonfinite_grad"
            yield LogEvent(kind, number, text.strip()[:500], step, rank)


def _best(found: list[Named], rank: Callable[[str], int | None]) -> Named | None:
    ranked = [(value, place) for place, n in enumerate(found) if (value := rank(n.key)) is not None]
    ranked = [pair for pair in ranked if pair[0] < LAST_RESORT]
    return found[min(ranked)[1]] if ranked else None


def _step(found: list[Named]) -> int | None:
    steps = [(r, n.value) for n in found if (r := naming.step_rank(n.key)) is not None]
    steps = [pair for pair in steps if math.isfinite(pair[1])]
    return int(min(steps)[1]) if steps else None


def may_tell(lower: str) -> bool:
    """Whether a line, in lower case, may be the first of an event."""
    for needle in _IN_LINE:  # a generator costs more than it looks for
        if needle in lower:
            return needle != "inf" or _INF.search(lower) is not None
    return False


def kind_of(text: str, lower: str) -> str | None:
    """Return the kind of a line's message; None where it tells of no failure."""
    for kind in KINDS:
        if not any(needle in lower for needle in kind.needles):
            continue
        if kind.pattern.search(text) and not (kind.unless and kind.unless.search(text)):
            return kind.name
    return None
