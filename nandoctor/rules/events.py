"""Findings from the lines of a log that say more than numbers; shared by the ND9xx rules."""

from __future__ import annotations

from collections.abc import Collection

from nandoctor.evidence import Evidence, LogEvent
from nandoctor.findings import Finding, Grade


def first_events(
    evidence: Evidence, kinds: Collection[str], code: str, cause: str, what: str,
    *, is_cause: bool = False,
) -> tuple[Finding, ...]:  # fmt: skip
    """Return one finding a log: its first line of these kinds, the rank and how many there are."""
    found = []
    for log in evidence.logs:
        events = [event for event in log.events if event.kind in kinds]
        if not events:
            continue
        first = min(events, key=lambda event: event.line)
        found.append(
            Finding(
                code, cause, "error", Grade.observed, f"{what}{_who(first)}",
                f"{log.path}:{first.line}",
                evidence=(first.text[:300], f"{len(events)} such lines"), score=0.5,
                component="other", is_cause=is_cause,
            )
        )  # fmt: skip
    return tuple(found)


def _who(event: LogEvent) -> str:
    rank = "" if event.rank is None else f" on rank {event.rank}"
    step = "" if event.step is None else f" at step {event.step}"
    return f"{rank}{step}"
