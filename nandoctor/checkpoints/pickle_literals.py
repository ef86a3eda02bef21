"""Opcodes that push a value spelled in the stream: numbers, text, bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.pickle_objects import PickleError
from nandoctor.checkpoints.pickle_operands import MAX_DIGITS
from nandoctor.checkpoints.pickle_stream import LARGE

if TYPE_CHECKING:
    from nandoctor.checkpoints.pickle_machine import PickleMachine

_MAX_TEXT = 1 << 26
Action = Callable[["PickleMachine"], None]
Length = Callable[["PickleMachine"], int]


def push(make: Callable[[PickleMachine], Any]) -> Action:
    """Return the action that pushes what ``make`` gives."""

    def action(m: PickleMachine) -> None:
        m.stack.append(make(m))

    return action


def number(layout: str) -> Callable[[PickleMachine], Any]:
    """Return the reader of a number of that struct layout."""
    unpack, size = struct.Struct(layout).unpack, struct.calcsize(layout)
    return lambda m: unpack(m.stream.take(size))[0]


u1, u2, u4, u8 = (number(layout) for layout in ("<B", "<H", "<I", "<Q"))
i4 = number("<i")


def text(length: Length) -> Action:
    """Push text of that length; what is absurdly long stays in the file."""

    def make(m: PickleMachine) -> Any:
        size = length(m)
        if size > _MAX_TEXT:
            return m.stream.skip(size)
        return m.stream.take(size).decode("utf-8", "surrogatepass")

    return push(make)


def payload(length: Length) -> Action:
    """Push bytes of that length; large ones stay in the file."""

    def make(m: PickleMachine) -> Any:
        size = length(m)
        return m.stream.take(size) if size < LARGE else m.stream.skip(size)

    return push(make)


def old_text(length: Length) -> Action:
    """Python 2's str: text where it is UTF-8, else bytes."""

    def make(m: PickleMachine) -> Any:
        size = length(m)
        if size >= LARGE:
            return m.stream.skip(size)
        data = m.stream.take(size)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data

    return push(make)


def long(length: Length) -> Action:
    """Push an integer of that many bytes."""

    def make(m: PickleMachine) -> int:
        size = length(m)
        if not 0 <= size <= MAX_DIGITS:
            raise PickleError(f"an integer of {size} bytes")
        return int.from_bytes(m.stream.take(size), "little", signed=True)

    return push(make)


def nothing(m: PickleMachine) -> None:
    """Opcodes that carry nothing for us (READONLY_BUFFER)."""


def skip(size: int) -> Action:
    """Pass over bytes."""

    def action(m: PickleMachine) -> None:
        m.stream.take(size)

    return action
