"""What bad results of the step's ops mean: carried on, meant, or made here."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import torch

from nandoctor.tracing.aten import CARRIERS
from nandoctor.tracing.badness import Bad, Nature, nature_of
from nandoctor.tracing.call import Call
from nandoctor.tracing.finiteness import can_be_bad
from nandoctor.tracing.frames import place_here
from nandoctor.tracing.masks import intended_infinity
from nandoctor.tracing.nodes import NodeMap
from nandoctor.tracing.records import OpRecord, Part, Plan, Role
from nandoctor.tracing.storages import Leaves, Stains

REPAIR = 0.5
"""What bad elements are replaced by: far from the edge of every op's domain."""


class Ledger:
    """The records of one run.

    Args:
        names: Dotted path of each module, by id.
    """

    def __init__(self, leaves: Leaves, names: Mapping[int, str], plan: Plan) -> None:
        self.part: Part = "forward"
        self.records: dict[int, OpRecord] = {}
        self.stains = Stains()
        self.nodes = NodeMap()
        self._leaves = leaves
        self._names = names
        self._plan = plan

    def natures(self, tensors: list[torch.Tensor]) -> list[Bad]:
        """Return what is known to be bad about tensors that are about to be written over."""
        found = [nature_of(tensor, self.stains, self._leaves) for tensor in tensors]
        return [bad for bad in found if bad is not None]

    def leaf_names(self, tensors: list[torch.Tensor]) -> list[Any]:
        """Return the leaf that each tensor is, None where it is none."""
        return [self._leaves.find(tensor) for tensor in tensors]

    def judge(self, call: Call, bad: list[torch.Tensor], before: list[Bad]) -> None:
        """Record an op with bad results, and repair them where the plan says so.

        Args:
            bad: Its bad results.
            before: What was bad about what it wrote over.
        """
        written = {id(tensor) for tensor in call.written()}
        read = [tensor for tensor in call.read() if can_be_bad(tensor)]
        looked = [
            nature_of(tensor, self.stains, self._leaves, is_fresh=True)
            for tensor in read
            if id(tensor) not in written
        ]
        inputs = [*before, *(found for found in looked if found is not None)]
        natures = {item.nature for item in inputs}
        if Nature.derived in natures:
            self._stain(call.index, bad)
            self._record(call, "spread", inputs)
        elif (natures == {Nature.garbage} and call.traits.written) or _only_offers(call, bad):
            return
        elif not self._is_meant(call, read, inputs, bad):
            if self._plan.leave is None or call.index in self._plan.leave:
                self._stain(call.index, bad)
            else:
                for tensor in bad:
                    _repair(tensor)
            self._record(call, "candidate", inputs)

    def _is_meant(
        self, call: Call, read: list[torch.Tensor], inputs: list[Bad], bad: list[torch.Tensor]
    ) -> bool:
        """Whether the results are an intended infinity, or a leaf that was only moved."""
        masks = [item.infinity for item in inputs if item.infinity is not None]
        name = call.traits.name
        infinity = intended_infinity(name, read, call.scalars().values(), masks, bad)
        moved = next((item for item in inputs if item.leaf is not None), None)
        is_moved = moved is not None and name in CARRIERS
        if infinity is None and not is_moved:
            return False
        self._stain(call.index, bad, infinity, moved)
        return True

    def _stain(
        self, index: int, bad: list[torch.Tensor], infinity: float | None = None,
        moved: Bad | None = None,
    ) -> None:  # fmt: skip
        leaf = moved.leaf if moved is not None else None
        for tensor in bad:
            stain = self.stains.add(tensor)
            if stain is None:
                continue
            if not stain.writers:
                stain.infinity, stain.leaf = infinity, leaf
            stain.infinity = stain.infinity if stain.infinity == infinity else None
            stain.leaf = stain.leaf if stain.leaf == leaf else None
            stain.writers.append(index)

    def _record(self, call: Call, role: Role, inputs: list[Bad]) -> None:
        is_candidate = role == "candidate"
        in_optimizer = self.part == "optimizer"
        place = place_here(self._names, in_optimizer=in_optimizer) if is_candidate else None
        node, forward, is_function = self.nodes.current()
        self.records[call.index] = OpRecord(
            index=call.index,
            name=call.traits.name,
            part=self.part,
            role=role,
            sources=tuple(dict.fromkeys(op for item in inputs for op in item.writers)),
            leaves=tuple(item.leaf for item in inputs if item.leaf is not None),
            forward=None if place is not None and place.is_recomputed else forward,
            node=node,
            is_custom=is_function and place is not None and place.is_custom,
            place=place,
        )


def _only_offers(call: Call, bad: list[torch.Tensor]) -> bool:
    """Whether a NaN is only made a tensor for ``where``: the op that picks it is at fault."""
    return call.traits.name == "scalar_tensor" and bool(torch.isnan(bad[0]).all())


def _repair(tensor: torch.Tensor) -> None:
    # RuntimeError: expanded or read-only memory, which then stays as it is
    with contextlib.suppress(RuntimeError):
        torch.nan_to_num_(tensor.detach(), REPAIR, REPAIR, REPAIR)
