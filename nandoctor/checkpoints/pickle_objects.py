"""The inert stand-ins for what a pickle names: nothing here is ever called or imported."""

from __future__ import annotations

from typing import Any


class PickleError(ValueError):
    """The stream is no pickle, or a broken one."""


class Global:
    """A class or function that a pickle names; only the name is kept."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    @property
    def path(self) -> str:
        """The dotted path."""
        return f"{self.module}.{self.name}"

    def __repr__(self) -> str:
        return self.path


class Instance:
    """What a pickle would have built from a class that we do not build.

    Attributes:
        cls: The class or function that it named (any object of the stream).
        args: The arguments that it would have been called with.
        state: What BUILD gave it: usually its ``__dict__``.
        items: What APPEND gave it.
        pairs: What SETITEM gave it.
    """

    __slots__ = ("args", "cls", "items", "pairs", "state")

    def __init__(self, cls: Any, args: Any = ()) -> None:
        self.cls = cls
        self.args: tuple[Any, ...] = args if isinstance(args, tuple) else (args,)
        self.state: Any = None
        self.items: list[Any] | None = None
        self.pairs: dict[Any, Any] | None = None

    @property
    def class_path(self) -> str:
        """Dotted path of its class; empty where the stream named none."""
        return self.cls.path if isinstance(self.cls, Global) else ""

    def attributes(self) -> dict[Any, Any]:
        """Return its state as a dict; of a (dict, slots) pair, both."""
        if isinstance(self.state, dict):
            return self.state
        merged: dict[Any, Any] = {}
        if isinstance(self.state, tuple):
            for part in self.state[:2]:
                merged.update(part if isinstance(part, dict) else {})
        return merged

    def __repr__(self) -> str:
        return f"<{self.class_path or 'object'}>"


class Encoded:
    """Bytes that a pickle spells as text; encoded late, so that none can be copied many times."""

    __slots__ = ("encoding", "text")

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.encoding = encoding

    def to_bytes(self) -> bytes:
        """Return the bytes."""
        return self.text.encode(self.encoding)


class Opaque:
    """A dict key that is compared by identity: hashing foreign nested tuples may never end."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<key>"


_PLAIN_KEYS = (str, int, float, bytes, bool, complex, type(None), Global)


def key_of(value: Any) -> Any:
    """Return a key that hashes in bounded time and equals like the original where it is plain."""
    if isinstance(value, _PLAIN_KEYS):
        return value
    if (
        isinstance(value, tuple)
        and len(value) < 64
        and all(isinstance(v, _PLAIN_KEYS) for v in value)
    ):
        return value
    return Opaque(value)
