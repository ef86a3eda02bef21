"""Where finished text goes: standard output or a file; how wide and colourful it may be."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TextIO

from nandoctor.errors import NandoctorError
from nandoctor.reports.view import View

MAX_WIDTH = 120


def terminal_view() -> View:
    """Return the view that suits standard output."""
    is_colored = _output().isatty() and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR"):
        is_colored = True
    if os.environ.get("NO_COLOR"):
        is_colored = False
    width = min(shutil.get_terminal_size((80, 24)).columns, MAX_WIDTH)
    return View(width=max(width, 40), has_color=is_colored, is_ascii=not _takes("│✗⠁"))


def spoken(lang: str) -> str:
    """Return the language, or English where standard output cannot take the other's letters."""
    return lang if lang == "en" or _takes("中文") else "en"


def _output() -> TextIO:
    """Return standard output.

    Raises:
        NandoctorError: It was closed by who started the program.
    """
    if sys.stdout is None:
        raise NandoctorError(
            "standard output is closed", hint="-o FILE writes the report to a file"
        )
    return sys.stdout


def _takes(text: str) -> bool:
    try:
        text.encode(_output().encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def say(text: str) -> None:
    """Write a finished text to standard output, whatever its encoding."""
    encoding = _output().encoding or "utf-8"
    _output().write(text.encode(encoding, "replace").decode(encoding))


def write(text: str, path: Path) -> None:
    """Write a finished text to a file and say so on stderr.

    Raises:
        NandoctorError: The file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NandoctorError(
            f"{path}: cannot be written: {error.strerror}", hint="give another path with -o"
        ) from error
    print(f"report written to {path}", file=sys.stderr)
