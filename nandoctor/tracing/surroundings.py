"""What surrounds a watched run: one thread, no compiler, plain loops, counted calls."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import torch

from nandoctor.target import ReplayTarget
from nandoctor.tracing.watch import Watch


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
