"""How every command ends: the exit code, and errors as one ``error:`` and one ``hint:`` line."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from nandoctor.errors import ExitCode, NandoctorError


def exit_code(run: Callable[[], Any], args: Sequence[str] | None) -> int:
    """Run a command and return its exit code; this alone turns errors into lines on stderr."""
    words = sys.argv[1:] if args is None else args
    if sys.stderr is None:  # closed by who started the program: then nobody wants to hear of it
        sys.stderr = io.StringIO()
    try:
        result = run()
        if sys.stdout is not None:
            sys.stdout.flush()
    except Exception as error:
        if "--debug" in words and not _is_of_parser(error):
            raise
        return _ended_by(error)
    except KeyboardInterrupt:
        return 130
    return result if isinstance(result, int) else ExitCode.CLEAN


def _ended_by(error: Exception) -> int:
    if isinstance(error, NandoctorError):
        return _complain(error.message, error.hint)
    if _is_usage(error):
        return _complain(_usage_message(error), _usage_hint(error))
    if isinstance(error, BrokenPipeError):
        # The reader of stdout is gone (``| head``); keep the interpreter from flushing into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FOUND
    if _is_of_parser(error):
        return 130
    if isinstance(error, OSError) and error.filename:
        return _complain(
            f"{error.filename}: {error.strerror}", "check the path and its permissions"
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _complain(f"standard output: {error.strerror}", "make room, or name a file with -o")
    message = f"internal error: {type(error).__name__}: {error}"
    return _complain(message, "run it again with --debug and report the traceback")


def _is_usage(error: Exception) -> bool:
    # Typer moved click's exceptions into itself; they are known by what they can do in both.
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _is_of_parser(error: Exception) -> bool:
    return _is_usage(error) or type(error).__name__ == "Abort"


def _usage_message(error: Any) -> str:
    message: str = error.format_message()
    return message


def _usage_hint(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "nandoctor"
    return f"{path} --help shows the usage"


def _complain(message: str, hint: str) -> int:
    from nandoctor.reports.text import visible

    for label, text in (("error", message), ("hint", hint)):
        line = visible(" ".join(text.split()))
        encoding = sys.stderr.encoding or "utf-8"
        print(f"{label}: {line}".encode(encoding, "replace").decode(encoding), file=sys.stderr)
    return ExitCode.USAGE
