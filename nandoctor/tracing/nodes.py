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
    """

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._ops: list[int] = []
        self._parents: list[int | None] = []
        self._last = torch._C._autograd._get_sequence_nr() - 1

    def note(self, index: int, *, is_forward: bool) -> None:
        """Record the op that is dispatched now under the newest sequence number."""
        number = torch._C._autograd._get_sequence_nr() - 1
        if number <= self._last:
            return
        self._last = number
        # A node inside the forward pass: autograd.grad with create_graph.
        node: Any = torch._C._current_autograd_node() if is_forward else None
        self._numbers.append(number)
        self._ops.append(index)
        self._parents.append(None if node is None else node._sequence_nr())

    def current(self) -> tuple[str, int | None, bool]:
        """Return the node that runs now: its name, its forward op, whether Python defines it."""
        node: Any = torch._C._current_autograd_node()
        if node is None:
            return "", None, False
        is_function = isinstance(node, torch.autograd.function.BackwardCFunction)
        return node.name(), self.forward_op(node._sequence_nr()), is_function

    def forward_op(self, number: int) -> int | None:
        """Return the op that made the node of that number, through double backward."""
        for _ in range(8):
            at = bisect_right(self._numbers, number) - 1
            if number == _LEAF or at < 0:
                return None
            parent = self._parents[at]
            if parent is None:
                return self._ops[at]
            number = parent
        return None
