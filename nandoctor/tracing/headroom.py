"""One run, or two, of the step under hooks that measure every module's output and gradient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from nandoctor.batches import named_tensors
from nandoctor.evidence import Headroom
from nandoctor.interventions.dtypes import LOW, in_dtypes
from nandoctor.snapshot import preserved
from nandoctor.step import backward, forward, started
from nandoctor.target import ReplayTarget
from nandoctor.tracing.ranges import Ranges, keep, short_dtype


def headroom(target: ReplayTarget) -> tuple[Headroom, ...]:
    """Measure every module once; leaves the target as it was.

    A step in 16 bits is run again in float32, so that what overflows or underflows in it is
    measured, too; the dtypes are those of the step. Non-finite elements are left out, so that a
    failing step tells about what came before.
    """
    scale = target.precision.loss_scale
    own = measured(target, Ranges(scale, scale))
    names = {str(dtype).removeprefix("torch.") for dtype in LOW}
    if not names & set(own.dtypes.values()):
        return tuple(own.kept.values())
    wide = in_float32(target, Ranges(1.0, scale))
    both = {**wide.kept, **{key: own.kept[key] for key in own.kept if key not in wide.kept}}
    return tuple(replace(item, dtype=own.dtypes.get(key, item.dtype)) for key, item in both.items())


def in_float32(target: ReplayTarget, ranges: Ranges) -> Ranges:
    """Run the step in float32 and return what the hooks saw; nothing where it cannot be."""
    try:
        with preserved(target), in_dtypes(target, dict.fromkeys(LOW, torch.float32), None) as wide:
            return measured(wide, ranges)
    except Exception:  # code that insists on 16 bits, or no memory: the step's own range is left
        return ranges


def measured(target: ReplayTarget, ranges: Ranges) -> Ranges:
    """Run the step once under hooks and return what they saw, up to where it raises."""
    with preserved(target), started(target) as batch, watching(target.model, ranges):
        try:
            backward(target, forward(target, batch))
        except Exception:  # what was measured before the user's code raised still counts
            return ranges
    return ranges


@contextmanager
def watching(model: torch.nn.Module, ranges: Ranges) -> Iterator[None]:
    """Hook every module but the root for the first call of each."""
    hooks = [
        module.register_forward_hook(partial(_measure_output, name, ranges))
        for name, module in model.named_modules()
        if name and not isinstance(module, torch.jit.ScriptModule)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _measure_output(
    name: str, ranges: Ranges, module: torch.nn.Module, inputs: Any, output: Any
) -> None:
    floats = (tensor for _, tensor in named_tensors(output) if tensor.is_floating_point())
    tensor = next(floats, None)
    if tensor is None:
        return
    kind = type(module).__name__
    if (name, "activation") not in ranges.dtypes:
        keep(ranges, name, kind, "activation", tensor.detach())
    # Under activation checkpointing only the second call is differentiated.
    if tensor.requires_grad and (name, "gradient") not in ranges.dtypes:
        ranges.dtypes[name, "gradient"] = short_dtype(tensor)
        tensor.register_hook(partial(_measure_gradient, name, kind, ranges))  # type: ignore[no-untyped-call]


def _measure_gradient(name: str, module_class: str, ranges: Ranges, gradient: torch.Tensor) -> None:
    keep(ranges, name, module_class, "gradient", gradient.detach())
