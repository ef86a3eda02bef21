"""Opcodes that push a value spelled in the stream: numbers, text, bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from nandoctor.checkpoints.pickle_objects import PickleError
from nandoctor.checkpoints.pickle_operands import MAX_DIGITS
from nandoctor.checkpoints.pickle_state import PickleState
from nandoctor.checkpoints.pickle_stream import LARGE

_MAX_TEXT = 1 << 26
Action = Callable[[PickleState], None]
Length = Callable[[PickleState], int]


def push(make: Callable[[PickleState], Any]) -> Action:
    """Return the action that pushes what ``make`` gives."""

    def action(m: PickleState) -> None:
        m.stack.append(make(m))

    return action


def number(layout: str) -> Callable[[PickleState], Any]:
    """Return the reader of a number of that struct layout."""
    unpack, size = struct.Struct(layout).unpack, struct.calcsize(layout)
    return lambda m: unpack(m.stream.take(size))[0]


u1, u2, u4, u8 = (number(layout) for layout in ("<B", "<H", "<I", "<Q"))
i4 = number("<i")


def text(length: Length) -> Action:
    """Push text of that length; what is absurdly long stays in the file."""

    def make(m: PickleState) -> Any:
        size = length(m)
        if size > _MAX_TEXT:
            return m.stream.skip(size)
        return m.stream.take(size).decode("utf-8", "surrogatepass")

    return push(make)


def payload(length: Length) -> Action:
    """Push bytes of that length; large ones stay in the file."""

    def make(m: PickleState) -> Any:
        size = length(m)
        return m.stream.take(size) if size < LARGE else m.stream.skip(size)

    return push(make)


def old_text(length: Length) -> Action:
    """Python 2's str: text where it is UTF-8, else bytes."""

    def make(m: PickleState) -> Any:
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

    def make(m: PickleState) -> int:
        size = length(m)
        if not 0 <= size <= MAX_DIGITS:
            raise PickleError(f"an integer of {size} bytes")
        return int.from_bytes(m.stream.take(size), "little", signed=True)

    return push(make)


def nothing(m: PickleState) -> None:
    """Opcodes that carry nothing for us (READONLY_BUFFER)."""


def skip(size: int) -> Action:
    """Pass over bytes."""

    def action(m: PickleState) -> None:
        m.stream.take(size)

    return action
