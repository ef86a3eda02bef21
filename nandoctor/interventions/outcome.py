"""What an intervention says while it runs: that it changed nothing, or what it changed."""

from __future__ import annotations

from contextvars import ContextVar

IRRELEVANT = "-"
"""Returned by ``applies`` where the intervention has nothing to do with the fault at all: such a
refusal is not reported, unless the intervention was asked for by name."""

_REMARKS: ContextVar[list[str] | None] = ContextVar("remarks", default=None)


class Inapplicable(Exception):
    """Raised by an intervention that found nothing to change; the message says what it missed.

    Args:
        reason: What it looked for.
        matters: Report it even where nobody asked for this intervention by name.
    """

    def __init__(self, reason: str, *, matters: bool = False) -> None:
        super().__init__(reason)
        self.matters = matters


def remark(text: str) -> None:
    """Put on record what is being changed; shown with the trial."""
    remarks = _REMARKS.get()
    if remarks is not None and text not in remarks:
        remarks.append(text)


def forget_remarks() -> None:
    """Take back what was put on record so far: a dry run said it."""
    remarks = _REMARKS.get()
    if remarks is not None:
        remarks.clear()


def start_remarks() -> list[str]:
    """Collect the remarks of the trial that begins now."""
    remarks: list[str] = []
    _REMARKS.set(remarks)
    return remarks
