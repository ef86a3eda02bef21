"""Calling the user's functions: what they print goes to stderr, what they raise becomes one error
that names their file and line."""

from __future__ import annotations

import contextlib
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from nandoctor.errors import NandoctorError, ReplayError


@contextlib.contextmanager
def user_code(what: str, files: Sequence[str] = (), hint: str = "") -> Iterator[None]:
    """Run a block that calls the user's code.

    Args:
        what: What is being done, for the message: ``build_model``.
        files: The user's files; the innermost line inside them is named.
        hint: What to do about an error; the exception type decides where it is empty.

    Raises:
        ReplayError: The code raised.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except NandoctorError:
        raise
    except SystemExit as error:
        raise ReplayError(
            f"{place_of(error, files)}{what} left the program (SystemExit: {error})",
            hint="put what trains under `if __name__ == '__main__':`",
        ) from error
    except Exception as error:
        raise ReplayError(
            f"{place_of(error, files)}{what} raised {type(error).__name__}: {first_line(error)}",
            hint=hint or hint_for(error),
        ) from error


_STANDARD = sysconfig.get_path("stdlib")


def place_of(error: BaseException, files: Sequence[str] = ()) -> str:
    """Return ``FILE:LINE: `` of the innermost frame in the user's files, else outside packages."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__).parent.parent)
    mine = [frame for frame in frames if frame.filename in files]
    if not mine:
        foreign = ("site-packages", "dist-packages", "<frozen", _STANDARD, ours)
        mine = [f for f in frames if not any(part in f.filename for part in foreign)]
    return f"{mine[-1].filename}:{mine[-1].lineno}: " if mine else ""


def first_line(error: BaseException) -> str:
    """Return the first line of an exception's text."""
    return (str(error).strip().splitlines() or ["no message"])[0]


def hint_for(error: BaseException) -> str:
    """Return what to do about the commonest exceptions."""
    if isinstance(error, SyntaxError):
        return "the file does not compile; run it with python first"
    if isinstance(error, ImportError):
        return "install the module or run nandoctor from the directory that it lies in"
    if isinstance(error, MemoryError) or "out of memory" in str(error):
        return "use --device cpu, or save a smaller batch"
    if "not compiled with CUDA" in str(error) or "No CUDA GPUs" in str(error):
        return "this machine has no GPU: let the code leave model and batch where they are"
    if "same device" in str(error) or ("device" in str(error) and "cuda" in str(error)):
        return "let the code take the device from the model instead of naming one"
    return "run it by itself to see the whole traceback (or use --debug)"
