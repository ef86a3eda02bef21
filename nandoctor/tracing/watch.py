"""The dispatch mode that sees every op of a step; what bad results mean is judged elsewhere."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nandoctor.tracing.aten import result_tensors, traits_of, waited_for
from nandoctor.tracing.badness import Bad
from nandoctor.tracing.call import Call
from nandoctor.tracing.finiteness import (
    can_be_bad,
    has_bad,
    is_clean_on_cpu,
    kept_copy,
)
from nandoctor.tracing.frames import place_here
from nandoctor.tracing.ledger import Ledger
from nandoctor.tracing.lineage import LineageNotes
from nandoctor.tracing.numerics import NumericsNotes
from nandoctor.tracing.records import Detail, Part, Plan
from nandoctor.tracing.storages import Leaves
from nandoctor.tracing.unread_sums import UnreadSums

Before = tuple[list[Bad], dict[int, torch.Tensor]]
"""What was bad about the tensors that an op writes over, and copies of them by id."""


class Watch(TorchDispatchMode):
    """Sees every op of a run and hands those with bad results to the ledger.

    Args:
        leaves: The step's leaves.
        names: Dotted path of each module, by id.
        plan: What to look at and to change.
    """

    def __init__(self, leaves: Leaves, names: Mapping[int, str], plan: Plan) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.plan = plan
        self.num_ops = 0
        self.first_backward = sys.maxsize
        self.ledger = Ledger(leaves, names, plan)
        self.details: dict[int, Detail] = {}
        self.lineage = LineageNotes(names) if plan.is_detailed else None
        self.numerics = NumericsNotes(min(plan.details, default=None))
        self.calls: Counter[str] = Counter()
        self._names = names
        self._is_quick = not (
            plan.is_detailed or plan.details or plan.is_deferred or plan.suspects is not None
        )
        self._sums = UnreadSums()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Spare every op the wrapper that keeps dynamo out: nothing is compiled in a replay."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        index = self.num_ops
        self.num_ops += 1
        kwargs = kwargs or {}
        traits = traits_of(func)
        if traits.is_copy:
            args, kwargs = waited_for(args, kwargs)
        self.ledger.nodes.note(index, traits.name, is_forward=self.ledger.part == "forward")
        if traits.is_passive and index not in self.plan.details:
            return func(*args, **kwargs)
        call = Call(index, traits, args, kwargs)
        if self._is_quick and traits.is_pure:
            result = func(*args, **kwargs)
            if type(result) is not torch.Tensor or not is_clean_on_cpu(result):
                self._after(call, result, ([], {}))
            return result
        before = self._before(call)
        result = func(*args, **kwargs)
        self._after(call, result, before)
        return result

    def enter(self, part: Part) -> None:
        """Say that the next part of the step begins."""
        self.ledger.part = part
        self.first_backward = min(self.first_backward, self.num_ops)

    def suspicions(self) -> frozenset[int]:
        """Return the ops whose unread sums are not finite; waits for the device once."""
        return self._sums.suspicions()

    def _before(self, call: Call) -> Before:
        is_read = call.traits.reads_written and self._is_looked_at(call.index)
        if not is_read and call.index not in self.plan.details:
            return [], {}
        written = call.written()
        copies = written if call.index in self.plan.details else []
        natures = self.ledger.natures(written) if is_read else []
        return natures, {id(t): t.detach().clone() for t in copies}

    def _is_looked_at(self, index: int) -> bool:
        """Whether the results of an op are read at once: that waits for the device."""
        suspects = self.plan.suspects
        return not self.plan.is_deferred and (suspects is None or index in suspects)

    def _after(self, call: Call, result: Any, before: Before) -> None:
        results = result_tensors(call.traits, call.args, call.kwargs, result)
        if call.traits.makes_garbage:
            for tensor in results:
                self.ledger.stains.add(tensor)
            return
        if self.lineage is not None:
            self._note(call, self.lineage, results)
        if call.index in self.plan.details:
            self._keep(call, results, before[1])
        if call.traits.is_passive:
            return
        bad = [t for t in results if can_be_bad(t) and self._is_bad(call.index, t)]
        if bad:
            self.ledger.judge(call, bad, before[0])

    def _is_bad(self, index: int, tensor: torch.Tensor) -> bool:
        if self._is_looked_at(index):
            return has_bad(tensor)
        if self.plan.is_deferred:
            self._sums.add(index, tensor)
        return False

    def _note(self, call: Call, lineage: LineageNotes, results: list[torch.Tensor]) -> None:
        read = call.read()
        lineage.note(call.index, call.traits, read, results)
        module = lineage.modules[call.index]
        self.numerics.note(call.index, call.traits.name, read, results, module)

    def _keep(self, call: Call, results: list[torch.Tensor], copies: dict[int, Any]) -> None:
        read = call.read()
        place = place_here(self._names, in_optimizer=self.ledger.part == "optimizer")
        self.details[call.index] = Detail(
            name=call.traits.name,
            scalars=call.scalars(),
            inputs=[kept_copy(copies.get(id(t), t)) for t in read],
            outputs=[kept_copy(t) for t in results],
            place=place,
            caller=place_here(self._names, above_function=True),
            makers=self.lineage.makers(read, call.index) if self.lineage else [()] * len(read),
            leaves=self.ledger.leaf_names(read),
            calls=1 if place.is_recomputed else max(1, self.calls[place.module]),
        )
