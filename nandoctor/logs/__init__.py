"""Reading training logs: any file to a MetricHistory and the events for triage; nothing is judged
here."""

from __future__ import annotations

from dataclasses import replace

from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.evidence import LogEvent, LogFacts
from nandoctor.logs.choose import Overrides
from nandoctor.logs.event_kinds import KIND_NAMES as EVENT_KINDS
from nandoctor.logs.event_scan import scan
from nandoctor.logs.format import LogFormat, Progress
from nandoctor.logs.history import build_history
from nandoctor.logs.history_events import events_of
from nandoctor.logs.recognise import is_log, is_text
from nandoctor.logs.registry import LOG_FORMATS, format_of
from nandoctor.logs.source import Source, open_source

CUT_OFF = LogEvent("cut_off", 0, "(the compressed file is cut off or damaged: its rest is missing)")
"""What both readers say of an archive that breaks off."""

__all__ = [
    "EVENT_KINDS",
    "LOG_FORMATS",
    "LogFormat",
    "is_log",
    "is_text",
    "read_events",
    "read_log",
]


def read_log(
    path: str,
    *,
    format: str | None = None,
    loss: str | None = None,
    grad_norm: str | None = None,
    step: str | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> LogFacts:
    """Read a log of any format.

    Args:
        path: A file; ``-`` reads stdin.
        format: Name of a format, to override the detection.
        loss: Name of the metric that is the loss, likewise ``grad_norm`` and ``step``.
        strict: Raise where a line could not be read.

    Raises:
        NandoctorError: Nothing can be read, or no loss is in it.
    """
    with open_source(str(path)) as source:
        _check_holds_a_line(source, path)
        source.progress = progress
        chosen = format_of(source, format)
        reading = chosen.read(source)
        if source.is_damaged:
            reading.unread(CUT_OFF.text)
            reading.events.append(CUT_OFF)
    history = build_history(reading.groups, Overrides(loss, grad_norm, step), str(path))
    if not reading.has_lines:
        history = replace(history, line=history.line * 0)
    if strict and reading.num_unread:
        raise NandoctorError(
            f"{path}: {reading.num_unread} lines could not be read",
            hint=f"without --strict the rest is read; the first: {reading.unread_examples[0]}",
        )
    return LogFacts(
        path=str(path),
        format=reading.dialect or chosen.name,
        history=history,
        events=tuple(reading.events),
        num_lines=reading.num_lines,
        num_unread=reading.num_unread,
        unread_examples=tuple(reading.unread_examples),
    )


def _check_holds_a_line(source: Source, path: str) -> None:
    if source.is_damaged and not source.head:
        raise UnreadableInputError(
            f"{path}: compressed, and cut off or damaged before its first line",
            hint="give the file uncompressed, or copy it again",
        )
    if not source.head.strip():
        raise UnreadableInputError(f"{path}: empty", hint="give a log that holds a line")


def read_events(path: str) -> tuple[LogEvent, ...]:
    """Return the failure events of a raw job log, in line order (see ``EVENT_KINDS``)."""
    with open_source(str(path)) as source:
        events = _events_of(source)
        return (*events, CUT_OFF) if source.is_damaged else tuple(events)


def _events_of(source: Source) -> list[LogEvent]:
    chosen = next((form for form in LOG_FORMATS if form.sniff(source.head)), None)
    if chosen is None or chosen.name == "text":
        return [] if b"\0" in source.head[:4096] else scan(source)
    reading = chosen.read(source)
    try:
        return events_of(build_history(reading.groups, Overrides(), source.path))
    except UnreadableInputError:
        return []
