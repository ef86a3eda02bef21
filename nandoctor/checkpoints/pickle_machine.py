"""A pickle machine that calls nothing: it builds plain containers and inert placeholders."""

from __future__ import annotations

import struct
from typing import Any

from nandoctor.checkpoints.pickle_objects import Instance, PickleError, key_of
from nandoctor.checkpoints.pickle_opcodes import OPCODES
from nandoctor.checkpoints.pickle_state import PickleState
from nandoctor.checkpoints.pickle_stream import StreamEndError

_MAX_OPCODES = 10_000_000


def no_persistent(key: Any) -> Any:
    """Return a persistent id unresolved."""
    return key


class PickleMachine(PickleState):
    """Runs one pickle of a stream after the other."""

    def load(self) -> Any:
        """Run to the next STOP and return what lies on the stack.

        Raises:
            PickleError: An unknown opcode, or operands that do not fit.
            StreamEndError: The stream ends before.
        """
        self.stack, self.marks, self.memo = [], [], {}
        take, table = self.stream.take, OPCODES
        try:
            for _ in range(_MAX_OPCODES):
                opcode = take(1)[0]
                if opcode == 0x2E:
                    return self.stack.pop()
                action = table.get(opcode)
                if action is None:
                    raise PickleError(f"0x{opcode:02x} is no pickle opcode")
                action(self)
        except StreamEndError:
            raise
        except (IndexError, KeyError, TypeError, ValueError, struct.error, OverflowError) as error:
            raise PickleError(f"broken at byte {self.stream.position}: {error}") from error
        raise PickleError("too many opcodes")

    def salvage(self) -> Any:
        """Return the outermost container that a broken load had begun, filled as far as it got."""
        values = [v for v in self.stack if isinstance(v, (dict, list, Instance))]
        self._close_open_parts()
        return values[0] if values else None

    def _close_open_parts(self) -> None:
        """Hand the items read after each MARK to the container below it."""
        while self.marks:
            start = self.marks[-1]
            items = self.pop_mark()
            target = self.stack[-1] if self.stack and start else None
            if isinstance(target, dict):
                for key, value in zip(items[::2], items[1::2], strict=False):
                    target[key_of(key)] = value
            elif isinstance(target, list):
                target.extend(items)
