"""Running a step under a watch, up to the part that matters; nothing is concluded here."""

from __future__ import annotations

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
from nandoctor.tracing.surroundings import (
    counted_calls,
    paused,
    plain_loops,
    single_threaded,
    uncompiled,
)
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
