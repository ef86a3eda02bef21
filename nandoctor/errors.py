"""The errors that a user may see and the exit codes of the commands; nothing is printed here."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Process exit codes, as in linters."""

    CLEAN = 0
    FOUND = 1
    USAGE = 2


class NandoctorError(Exception):
    """Something that the user can mend; carries one fact and one hint.

    Args:
        message: The fact, with the file or name it is about, on one line.
        hint: What to do about it, on one line.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnreadableInputError(NandoctorError):
    """A file that is missing, empty, foreign, damaged beyond salvage or refused as hostile."""


class NoMetricError(UnreadableInputError):
    """A log that can be read, but in which no metric of a training is found."""


class ReplayError(NandoctorError):
    """The failing step could not be rebuilt or run (model file, state_dict, batch, loss)."""


class DeviceMemoryError(ReplayError):
    """The step does not fit into the memory of its device."""


class MissingExtraError(NandoctorError):
    """An optional library is not installed.

    Args:
        library: The import name, e.g. ``transformers``.
        extra: The extra of nandoctor that brings it.
    """

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed", hint=f"pip install 'nandoctor[{extra}]'")
