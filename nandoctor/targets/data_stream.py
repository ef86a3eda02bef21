"""The data stream of a replay file: ``make_batch(step)`` or the batches of its data loader."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nandoctor.snapshot import capture_rng, restore_rng
from nandoctor.targets.user_code import user_code


def stepped(make_batch: Callable[..., Any]) -> Callable[[int], Any]:
    """Call make_batch with the step where it takes one."""
    takes_step = bool(_parameters(make_batch))
    return lambda step: make_batch(step) if takes_step else make_batch()


def from_loader(module: ModuleType) -> Callable[[int], Any] | None:
    """Take the step-th batch of ``build_dataloader()``, counted through its epochs."""
    build = getattr(module, "build_dataloader", None)
    if build is None:
        return None

    def make_batch(step: int) -> Any:
        loader = build()
        with contextlib.suppress(TypeError):  # a stream has no length
            step %= max(len(loader), 1)
        return next(itertools.islice(iter(loader), step, None))

    return make_batch


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return []


def undisturbed(make_batch: Callable[..., Any], module: ModuleType) -> Callable[[int], Any] | None:
    """Call make_batch and put the module's globals and the RNG back (it may note the step)."""
    if not _parameters(make_batch):
        return None  # always the same batch

    def other(step: int) -> Any:
        names, rng = dict(vars(module)), capture_rng()
        try:
            with user_code("make_batch"):
                return make_batch(step)
        finally:
            vars(module).update(names)
            restore_rng(rng)

    return other
