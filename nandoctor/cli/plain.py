"""Command lines of paths only, run without a parser: importing one takes longer than the work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nandoctor.cli.config import settings_for
from nandoctor.cli.progress import progress
from nandoctor.errors import NandoctorError

_KNOWN = ("inspect", "classify")


def is_plain(words: Sequence[str]) -> bool:
    """Whether a command line holds paths only, and nothing sets other defaults."""
    if len(words) < 2 or words[0] not in _KNOWN or os.name == "nt":
        return False
    if "_NANDOCTOR_COMPLETE" in os.environ or any(word[:1] in ("", "-") for word in words):
        return False
    try:
        return not any(settings_for(words[0]).values())
    except NandoctorError:
        return False


def run_plain(words: Sequence[str]) -> int:
    """Run the command with the defaults of its options and return its exit code."""
    from nandoctor.cli.emission import emit, together
    from nandoctor.pipeline import classify_log, inspect_checkpoint, inspect_series

    command, *paths = words
    with progress() as tick:
        if command == "classify":
            reports = [classify_log(path, progress=tick) for path in paths]
            report = together(command, reports)
        elif len(paths) == 1:
            report = inspect_checkpoint(paths[0], progress=tick)
        else:
            report = inspect_series([Path(path) for path in paths], progress=tick)
    return emit(report)
