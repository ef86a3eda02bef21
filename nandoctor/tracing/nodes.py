"""Which forward op an autograd node belongs to, by sequence numbers."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import torch

_LEAF = 2**64 - 1
"""Sequence number of AccumulateGrad nodes."""


class NodeMap:
    """Maps sequence numbers to forward ops.

    Autograd runs above the dispatch mode: when an op is seen, its node has just taken the next
    number. The first op that sees a number owns it; an in-place op on a view gets its node later,
    one number above the one seen, so a number belongs to the largest recorded one at or below it.
    Under torch.func each level takes a number before the op is seen: there the next op owns it, and
    the node's name tells.
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._ops: list[int] = []
        self._names: list[str] = []
        self._parents: list[tuple[int, str] | None] = []
        self._last = torch._C._autograd._get_sequence_nr() - 1

    def note(self, index: int, name: str, *, is_forward: bool) -> None:
        """Record the op that is dispatched now under the newest sequence number."""
        number = torch._C._autograd._get_sequence_nr() - 1
        if number <= self._last:
            return
        self._last = number
        # A node inside the forward pass: autograd.grad with create_graph.
        node: Any = torch._C._current_autograd_node() if is_forward else None
        self._numbers.append(number)
        self._ops.append(index)
        self._names.append(name)
        self._parents.append(None if node is None else (node._sequence_nr(), node.name()))

    def current(self) -> tuple[str, int | None, bool]:
        """Return the node that runs now: its name, its forward op, whether Python defines it."""
        node: Any = torch._C._current_autograd_node()
        if node is None:
            return "", None, False
        is_function = isinstance(node, torch.autograd.function.BackwardCFunction)
        return node.name(), self.forward_op(node._sequence_nr(), node.name()), is_function

    def forward_op(self, number: int, name: str) -> int | None:
        """Return the op that made the node of that number and name, through double backward."""
        for _ in range(8):
            at = self._owner(number, name)
            if number == _LEAF or at < 0:
                return None
            parent = self._parents[at]
            if parent is None:
                return self._ops[at]
            number, name = parent
        return None

    def _owner(self, number: int, name: str) -> int:
        """Return the position of the recorded number that a node's number belongs to."""
        at = bisect_right(self._numbers, number) - 1
        is_last = at + 1 == len(self._numbers)
        if is_last or at < 0 or self._numbers[at] == number or _is_node_of(name, self._names[at]):
            return at
        return at + 1 if _is_node_of(name, self._names[at + 1]) else at


def _is_node_of(name: str, op: str) -> bool:
    """Whether an autograd node's name is that of an op (``LogBackward0`` of ``log``)."""
    return name.split("Backward")[0].lower() == op.replace("_", "")
