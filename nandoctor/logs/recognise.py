"""Whether a file is a log at all, judged by its head."""

from __future__ import annotations

import io
import re
from typing import BinaryIO, cast

from nandoctor.errors import NandoctorError
from nandoctor.logs.choose import Overrides
from nandoctor.logs.history import build_history
from nandoctor.logs.registry import format_of
from nandoctor.logs.source import open_source

_CODE_LINE = re.compile(rb"^\s*(?:import|from|def|class|return|assert)\s", re.MULTILINE)


def is_text(path: str) -> bool:
    """Whether a file holds text, judged by its first 256 KiB."""
    try:
        with open_source(str(path)) as source:
            return b"\0" not in source.head and bool(source.head.strip())
    except NandoctorError:
        return False


def is_log(path: str) -> bool:
    """Whether a file is a training log, judged by its first 256 KiB."""
    try:
        with open_source(str(path)) as source:
            head = source.head
            source.stream = cast(BinaryIO, io.BytesIO(head))
            source.is_plain_file = False  # only the head is read
            chosen = format_of(source, None)
            reading = chosen.read(source)
        history = build_history(reading.groups, Overrides(), str(path))
    except NandoctorError:
        return False
    if chosen.name == "text":
        if len(history) <= len(_CODE_LINE.findall(head)):
            return False
        known = [name for name in ("loss", "grad_norm", "lr") if name in history.columns]
        return len(history) >= 3 or not history.is_step_index or len(known) > 1
    return len(history) > 0
