"""Command lines of paths only, run without a parser: building one outlasts reading a small file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from nandoctor.cli.config import settings_for
from nandoctor.errors import NandoctorError

_TAKES: dict[str, type[Path] | type[str]] = {"inspect": Path, "classify": str}
"""The commands that it knows, and what they take: one list of these."""


def is_plain(words: Sequence[str]) -> bool:
    """Whether a command line holds paths only, and nothing sets other defaults."""
    if len(words) < 2 or words[0] not in _TAKES or os.name == "nt":
        return False
    if "_NANDOCTOR_COMPLETE" in os.environ or any(word[:1] in ("", "-") for word in words):
        return False
    try:
        return not any(settings_for(words[0]).values())
    except NandoctorError:
        return False


def run_plain(words: Sequence[str]) -> Any:
    """Run the command with the defaults of its options and return its exit code."""
    from typer import Exit

    command = import_module(f"nandoctor.cli.{words[0]}").command
    paths, *options = command.__signature__.parameters.values()
    values = {option.name: option.default for option in options}
    values[paths.name] = [_TAKES[words[0]](word) for word in words[1:]]
    try:
        return command(**values)
    except Exit as end:
        return end.exit_code
