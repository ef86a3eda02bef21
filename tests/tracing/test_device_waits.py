"""On an accelerator nothing waits for the device op by op; counted on the CPU, by its ops."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from nandoctor.step import with_fixed_rng
from nandoctor.target import ReplayTarget
from nandoctor.tracing.gate import plain_run
from nandoctor.tracing.leaf_table import bad_leaves
from nandoctor.tracing.records import Plan
from nandoctor.tracing.runs import watched

WAITS = {
    "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "unique_dim",
    "_unique2", "_to_cpu", "allclose", "item",
}  # fmt: skip
"""aten ops that read the device's memory from the host."""


class HostWaits(TorchDispatchMode):
    """Counts the ops that wait for a device, those of an inner mode included."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.split("::")[-1]
        by_mask = name == "index" and any(
            isinstance(i, torch.Tensor) and i.dtype == torch.bool for i in args[1]
        )
        if name in WAITS or by_mask:
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


class Repeated(nn.Module):
    """The same weights applied several times: more ops, no more tensors to look after."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.norm, self.linear = nn.BatchNorm1d(6), nn.Linear(6, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise, transform, write in place, mask."""
        for _ in range(self.times):
            x = self.linear(self.norm(x)).relu_()
            buffer = torch.empty_like(x)
            buffer.normal_().mul_(0.0).add_(1.0)
            x = x.clone().mul_(buffer).masked_fill(x > 1e6, -torch.inf).clamp(min=-1e3)
        return x


def step(times: int) -> ReplayTarget:
    """Return a healthy step with an optimizer."""
    torch.manual_seed(0)
    model = Repeated(times)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss = lambda m, b: m(b).square().mean()  # noqa: E731
    return with_fixed_rng(ReplayTarget(model, torch.randn(8, 6), loss, optimizer))


def waits(run: Any, times: int) -> Counter[str]:
    """Count the waits of a run over so many repetitions of the layers."""
    target = step(times)
    with HostWaits() as counter:
        run(target)
    return counter.seen


RUNS = {
    "plain": plain_run,
    "leaves": bad_leaves,
    "sums": lambda t: watched(t, "backward", Plan(is_deferred=True), {}).watch.suspicions(),
    "suspects": lambda t: watched(t, "backward", Plan(suspects=frozenset()), {}),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_run_of_a_longer_step_waits_no_more_often(run):
    """Ten times the ops, the same number of waits: none is made op by op."""
    few, many = waits(run, 2), waits(run, 20)
    assert few == many
    assert sum(few.values()) < 24


def test_watching_every_op_at_once_waits_for_each():
    """The count sees a wait where there is one: on the CPU results are looked at at once."""
    direct = lambda t: watched(t, "backward", Plan(), {})  # noqa: E731
    assert sum(waits(direct, 20).values()) > 100


def test_copies_under_way_are_waited_for_before_they_are_looked_at():
    """A watched step makes its non-blocking copies blocking; its result is the same."""
    seen: list[Any] = []

    class Seen(TorchDispatchMode):
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func._schema.name.split("::")[-1].strip("_") in ("to_copy", "copy"):
                seen.append((kwargs or {}).get("non_blocking", len(args) > 2 and args[2]))
            return func(*args, **(kwargs or {}))

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        wide = x.to(torch.float64, non_blocking=True)
        torch.empty_like(wide).copy_(wide, non_blocking=True)
        return model(x).mean()

    target = with_fixed_rng(ReplayTarget(nn.Linear(2, 2), torch.ones(2, 2), loss))
    with Seen():
        watched(target, "forward", Plan(is_deferred=True), {})
    assert seen
    assert not any(seen)
