"""What a pickle has built so far: stack, marks, memo and the names in it; knows no opcodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandoctor.checkpoints.pickle_objects import Global, PickleError
from nandoctor.checkpoints.pickle_stream import PickleStream

_PYTHON2 = {"__builtin__": "builtins", "copy_reg": "copyreg", "cPickle": "pickle"}
Persistent = Callable[[Any], Any]
Nested = Callable[[Any, int], tuple[Any, list[Global]]]
"""(arguments, depth) -> the storage that a file within the pickle holds, and the names in it."""


class PickleState:
    """The state of a pickle machine.

    Attributes:
        globals: Every class or function named, in order; placeholders only.
    """

    def __init__(
        self, stream: PickleStream, persistent: Persistent, nested: Nested, depth: int = 0
    ) -> None:
        self.stream: PickleStream = stream
        self.persistent: Persistent = persistent
        self.nested: Nested = nested
        self.depth = depth
        self.globals: dict[str, Global] = {}
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def pop_mark(self) -> list[Any]:
        """Pop everything above the topmost MARK."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def open_nested(self, arguments: Any) -> Any:
        """Return the storage that a file within this pickle holds; its names count as ours."""
        made, names = self.nested(arguments, self.depth + 1)
        for found in names:
            self.globals.setdefault(found.path, found)
        return made

    def named(self, module: Any, name: Any) -> Global:
        """Note a class or function and return its placeholder."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise PickleError("a global's name is no text")
        found = Global(_PYTHON2.get(module, module), name)
        return self.globals.setdefault(found.path, found)
