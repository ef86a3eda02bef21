"""Running a step under a watch, up to the part that matters; nothing is concluded here."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from nandoctor.errors import ReplayError
from nandoctor.snapshot import Snapshot, preserved
from nandoctor.step import (
    apply_optimizer,
    backward,
    bad_after_step,
    device_of,
    forward,
    gradients_of,
    is_out_of_memory,
    memory_error,
    nonfinite_names,
    started,
)
from nandoctor.target import ReplayTarget
from nandoctor.tracing.leaf_table import leaves_of, module_names
from nandoctor.tracing.records import Part, Plan
from nandoctor.tracing.storages import Leaf
from nandoctor.tracing.watch import Watch


@dataclass(frozen=True)
class Run:
    """A watched run.

    Args:
        reached: What came out bad: ``loss``, parameter names (gradients), names after the step.
        ends: Ops that wrote the bad elements there.
        error: The exception that the step raised, if any.
    """

    watch: Watch
    reached: tuple[str, ...]
    ends: tuple[int, ...]
    error: Exception | None = None


def watched(
    target: ReplayTarget, part: Part, plan: Plan, known: dict[str, Leaf],
    snapshot: Snapshot | None = None,
) -> Run:  # fmt: skip
    """Run the step under a watch up to a part, and see what arrives there.

    Args:
        part: The part whose outcome matters; what comes after it is not run.
        known: The bad leaves (``leaf_table.bad_leaves``).
        snapshot: Of the state that stands now.

    Raises:
        DeviceMemoryError: It does not fit into memory.
        ReplayError: The step cannot be run.
    """
    names = module_names(target)
    with (
        preserved(target, snapshot), uncompiled(), single_threaded(), started(target) as batch,
        plain_loops(target),
    ):  # fmt: skip
        watch = Watch(leaves_of(target, batch, known), names, plan)
        try:
            with counted_calls(watch, names), watch:
                return _run(target, batch, part, watch)
        except ReplayError:
            raise
        except Exception as error:  # user code: what it raises on a NaN is an outcome, too
            if is_out_of_memory(error):
                raise memory_error(error, device_of(target.model)) from error
            return Run(watch, (f"{type(error).__name__}",), (), error)


def _run(target: ReplayTarget, batch: object, part: Part, watch: Watch) -> Run:
    loss = forward(target, batch)
    if part == "forward":
        with paused(watch):
            bad = [loss] if nonfinite_names([("loss", loss)]) else []
            return Run(watch, tuple("loss" for _ in bad), watch.ledger.stains.writers(bad))
    watch.enter("backward")
    backward(target, loss)
    if part == "backward":
        with paused(watch):
            grads = dict(gradients_of(target))
            bad_names = nonfinite_names(list(grads.items()))
            return Run(watch, bad_names, watch.ledger.stains.writers(grads[n] for n in bad_names))
    watch.enter("optimizer")
    with paused(watch):
        before = nonfinite_names([(n, p.detach()) for n, p in target.model.named_parameters()])
    apply_optimizer(target)
    with paused(watch):
        bad_names = tuple(name for name in bad_after_step(target) if name not in before)
        tensors = dict(_state_tensors(target))
        ends = watch.ledger.stains.writers(tensors[n] for n in bad_names if n in tensors)
        return Run(watch, bad_names, ends)


def _state_tensors(target: ReplayTarget) -> Iterator[tuple[str, torch.Tensor]]:
    names = {id(p): n for n, p in target.model.named_parameters()}
    yield from target.model.named_parameters()
    if target.optimizer is not None:
        for parameter, state in target.optimizer.state.items():
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    yield f"{key}.{names.get(id(parameter), '?')}", value


@contextlib.contextmanager
def paused(watch: Watch) -> Iterator[None]:
    """Look at results without being watched."""
    with torch.utils._python_dispatch._disable_current_modes():
        yield


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Run the backward pass on the calling thread: one order, one line of sequence numbers."""
    with torch.autograd.set_multithreading_enabled(False):
        yield


@contextlib.contextmanager
def uncompiled() -> Iterator[None]:
    """Run what torch.compile has wrapped as plain Python: a fused kernel hides its ops."""
    if "torch._dynamo" not in sys.modules:  # nothing was compiled, and importing it is slow
        yield
    elif hasattr(torch.compiler, "set_stance"):
        with torch.compiler.set_stance("force_eager"):
            yield
    else:  # torch 2.5
        with sys.modules["torch._dynamo"].config.patch(disable=True):
            yield


@contextlib.contextmanager
def plain_loops(target: ReplayTarget) -> Iterator[None]:
    """Run the optimizer parameter by parameter (its groups are put back by ``preserved``)."""
    if target.optimizer is not None:
        for group in target.optimizer.param_groups:
            for switch in ("foreach", "fused"):
                if switch in group:
                    group[switch] = False
    yield


@contextlib.contextmanager
def counted_calls(watch: Watch, names: dict[int, str]) -> Iterator[None]:
    """Count the calls of every module in a detailed run."""
    if not watch.plan.is_detailed:
        yield
        return

    def count(module: torch.nn.Module, _: object) -> None:
        watch.calls[names.get(id(module), "")] += 1

    handle = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        yield
    finally:
        handle.remove()
