"""Operands of opcodes: what a text argument spells, and putting items into containers."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.pickle_objects import Instance, PickleError, key_of
from nandoctor.checkpoints.pickle_stream import PickleStream

MAX_DIGITS = 1024
"""Bytes or digits of the longest integer: arithmetic on longer ones takes ages."""


def integer_line(stream: PickleStream) -> int:
    """Return the integer or bool that a line spells."""
    digits = stream.line().rstrip(b"L")
    if len(digits) > MAX_DIGITS:
        raise PickleError(f"an integer of {len(digits)} digits")
    return digits == b"01" if digits in (b"00", b"01") else int(digits)


def string_line(stream: PickleStream) -> str:
    """Return the text that a quoted line spells."""
    text = stream.line()
    if len(text) < 2 or text[:1] not in b"'\"" or text[-1:] != text[:1]:
        raise PickleError("a string without quotes")
    return text[1:-1].decode("unicode_escape")


def as_dict(items: list[Any]) -> dict[Any, Any]:
    """Return a dict of keys and values in turn."""
    return {key_of(k): v for k, v in zip(items[::2], items[1::2], strict=False)}


def extend(target: Any, items: list[Any]) -> None:
    """Append items to a list or placeholder."""
    if isinstance(target, Instance):
        target.items = [] if target.items is None else target.items
        target.items.extend(items)
    elif isinstance(target, list):
        target.extend(items)
    else:
        raise PickleError(f"items for a {type(target).__name__}")


def update(target: Any, items: list[Any]) -> None:
    """Set pairs of a dict or placeholder."""
    if isinstance(target, Instance):
        target.pairs = {} if target.pairs is None else target.pairs
        target.pairs.update(as_dict(items))
    elif isinstance(target, dict):
        target.update(as_dict(items))
    else:
        raise PickleError(f"pairs for a {type(target).__name__}")
