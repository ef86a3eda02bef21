"""The dispatch mode that follows bad elements from op to op; what they mean is judged elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nandoctor.tracing.aten import (
    CARRIERS,
    Traits,
    read_tensors,
    result_tensors,
    scalars_of,
    traits_of,
    written_tensors,
)
from nandoctor.tracing.badness import Bad, Nature, nature_of
from nandoctor.tracing.finiteness import can_be_bad, has_bad, running_sum
from nandoctor.tracing.frames import place_here
from nandoctor.tracing.lineage import LineageNotes
from nandoctor.tracing.masks import intended_infinity
from nandoctor.tracing.nodes import NodeMap
from nandoctor.tracing.records import Detail, OpRecord, Part, Plan, Role
from nandoctor.tracing.storages import Leaves, Stains

REPAIR = 0.5
"""What bad elements are replaced by: far from the edge of every op's domain."""


class Watch(TorchDispatchMode):
    """Sees every op of a run and records those with bad results.

    Args:
        leaves: The step's leaves.
        names: Dotted path of each module, by id.
        plan: What to look at and to change.
    """

    def __init__(self, leaves: Leaves, names: Mapping[int, str], plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.part: Part = "forward"
        self.num_ops = 0
        self.first_backward = sys.maxsize
        self.records: dict[int, OpRecord] = {}
        self.details: dict[int, Detail] = {}
        self.stains = Stains()
        self.nodes = NodeMap()
        self.lineage = LineageNotes(names) if plan.is_detailed else None
        self._leaves = leaves
        self._names = names
        self._sums: list[tuple[int, torch.Tensor]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        index = self.num_ops
        self.num_ops += 1
        kwargs = kwargs or {}
        traits = traits_of(func)
        self.nodes.note(index, is_forward=self.part == "forward")
        if traits.is_passive and index not in self.plan.details:
            return func(*args, **kwargs)
        before = self._before(index, traits, args, kwargs)
        result = func(*args, **kwargs)
        self._after(index, traits, args, kwargs, result, before)
        return result

    def enter(self, part: Part) -> None:
        """Say that the next part of the step begins."""
        self.part = part
        self.first_backward = min(self.first_backward, self.num_ops)

    def suspicions(self) -> frozenset[int]:
        """Return the ops whose unread sums are not finite; waits for the device once."""
        if not self._sums:
            return frozenset()
        device = self._sums[0][1].device
        sums = torch.stack([total.to(device) for _, total in self._sums])
        finite = torch.isfinite(sums).tolist()
        return frozenset(i for (i, _), good in zip(self._sums, finite, strict=True) if not good)

    def _before(
        self, index: int, traits: Traits, args: Any, kwargs: Any
    ) -> tuple[list[Bad], dict[int, torch.Tensor]]:
        """Look at what an in-place op is about to overwrite: its badness, and copies of it."""
        if not traits.reads_written:
            return [], {}
        written = written_tensors(traits, args, kwargs)
        bad = [b for b in (nature_of(t, self.stains, self._leaves) for t in written) if b]
        keep = index in self.plan.details
        return bad, {id(t): t.detach().clone() for t in written} if keep else {}

    def _after(
        self, index: int, traits: Traits, args: Any, kwargs: Any, result: Any,
        before: tuple[list[Bad], dict[int, torch.Tensor]],
    ) -> None:  # fmt: skip
        results = result_tensors(traits, args, kwargs, result)
        if traits.makes_garbage:
            for tensor in results:
                stain = self.stains.add(tensor)
                if stain is not None:
                    stain.is_garbage = True
            return
        if self.lineage is not None:
            self.lineage.note(index, traits, read_tensors(traits, args, kwargs), results)
        if index in self.plan.details:
            self._keep(index, traits, args, kwargs, results, before[1])
        bad = [tensor for tensor in results if can_be_bad(tensor) and self._is_bad(index, tensor)]
        if bad:
            self._judge(index, traits, args, kwargs, bad, before[0])

    def _is_bad(self, index: int, tensor: torch.Tensor) -> bool:
        if self.plan.suspects is not None:
            return index in self.plan.suspects and has_bad(tensor)
        if tensor.device.type == "cpu":
            return has_bad(tensor)
        total = running_sum(tensor)
        if total is not None:
            self._sums.append((index, total))
        return False

    def _judge(
        self, index: int, traits: Traits, args: Any, kwargs: Any, bad: list[torch.Tensor],
        before: list[Bad],
    ) -> None:  # fmt: skip
        written = {id(tensor) for tensor in written_tensors(traits, args, kwargs)}
        read = [t for t in read_tensors(traits, args, kwargs) if can_be_bad(t)]
        found = [
            nature_of(t, self.stains, self._leaves, is_fresh=True)
            for t in read if id(t) not in written
        ]  # fmt: skip
        inputs = [*before, *(b for b in found if b is not None)]
        natures = {b.nature for b in inputs}
        if Nature.derived in natures:
            self._stain(index, bad, None)
            self._record(index, traits, "spread", inputs, bad)
            return
        scalars = scalars_of(traits, args, kwargs).values()
        masks = [b.infinity for b in inputs if b.infinity is not None]
        infinity = intended_infinity(traits.name, read, scalars, masks, bad)
        if infinity is not None or (inputs and _only_moves(traits)):
            self._stain(index, bad, infinity, inputs if _only_moves(traits) else [])
            return
        if natures == {Nature.garbage} and traits.written:
            return
        if self.plan.leave is None or self.plan.leave == index:
            self._stain(index, bad, None)
        else:
            for tensor in bad:
                _repair(tensor)
        self._record(index, traits, "candidate", inputs, bad)

    def _stain(
        self, index: int, bad: list[torch.Tensor], infinity: float | None,
        carried: list[Bad] | None = None,
    ) -> None:  # fmt: skip
        leaf = next((b.leaf for b in carried or () if b.leaf is not None), None)
        for tensor in bad:
            stain = self.stains.add(tensor)
            if stain is None:
                continue
            if not stain.writers:
                stain.infinity, stain.leaf = infinity, leaf
            elif stain.infinity != infinity:
                stain.infinity = None
            stain.is_garbage = False
            stain.writers.append(index)

    def _record(
        self, index: int, traits: Traits, role: Role, inputs: list[Bad], bad: list[torch.Tensor]
    ) -> None:
        place = None
        if role == "candidate":
            place = place_here(self._names, in_optimizer=self.part == "optimizer")
        node, forward, is_function = self.nodes.current()
        if place is not None and place.is_recomputed:
            forward = None
        self.records[index] = OpRecord(
            index=index,
            name=traits.name,
            part=self.part,
            role=role,
            sources=tuple(dict.fromkeys(op for b in inputs for op in b.writers)),
            leaves=tuple(b.leaf for b in inputs if b.leaf is not None),
            has_mask=any(b.infinity is not None for b in inputs),
            forward=forward,
            node=node,
            is_custom=is_function and place is not None and place.is_custom,
            place=place,
        )

    def _keep(
        self, index: int, traits: Traits, args: Any, kwargs: Any, results: list[torch.Tensor],
        copies: dict[int, torch.Tensor],
    ) -> None:  # fmt: skip
        read = read_tensors(traits, args, kwargs)
        made_by = self.lineage.makers(read, index) if self.lineage else [() for _ in read]
        self.details[index] = Detail(
            name=traits.name,
            scalars=scalars_of(traits, args, kwargs),
            inputs=[copies.get(id(t), t).detach().clone() for t in read],
            outputs=[t.detach().clone() for t in results if isinstance(t, torch.Tensor)],
            place=place_here(self._names, in_optimizer=self.part == "optimizer"),
            caller=place_here(self._names, above_function=True),
            makers=made_by,
            leaves=[self._leaves.find(t) for t in read],
        )


def _only_moves(traits: Traits) -> bool:
    return traits.name in CARRIERS


def _repair(tensor: torch.Tensor) -> None:
    # RuntimeError: expanded or read-only memory, which then stays as it is
    with contextlib.suppress(RuntimeError):
        torch.nan_to_num_(tensor.detach(), REPAIR, REPAIR, REPAIR)
