"""All log formats, in the order in which they are tried."""

from __future__ import annotations

from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.logs import (
    bare_numbers,
    csv_table,
    json_document,
    json_lines,
    mlflow_store,
    notebook,
    tensorboard_events,
    text,
    wandb_run,
)
from nandoctor.logs.dialects import DIALECT_NAMES
from nandoctor.logs.format import LogFormat
from nandoctor.logs.source import Source

LOG_FORMATS: tuple[LogFormat, ...] = (
    tensorboard_events.FORMAT,
    wandb_run.FORMAT,
    mlflow_store.FORMAT,
    notebook.FORMAT,
    json_lines.FORMAT,
    csv_table.FORMAT,
    json_document.FORMAT,
    bare_numbers.FORMAT,
    text.FORMAT,
)


def format_of(source: Source, name: str | None) -> LogFormat:
    """Return the format of that name, else the first that takes the source's head."""
    if name in DIALECT_NAMES:
        return text.FORMAT
    for candidate in LOG_FORMATS:
        if candidate.name == name if name else candidate.sniff(source.head):
            return candidate
    if name:
        names = ", ".join(candidate.name for candidate in LOG_FORMATS)
        raise NandoctorError(f"{name}: no such log format", hint=f"one of {names}")
    raise UnreadableInputError(f"{source.path}: not a log", hint="give a text log, CSV or JSON")
