"""Range of every module's output and of its gradient against fp16, bf16 and fp8, in one run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from nandoctor.errors import ReplayError
from nandoctor.evidence import DtypeFit, Headroom
from nandoctor.snapshot import preserved
from nandoctor.step import backward, forward, started
from nandoctor.target import ReplayTarget

Kind = Any
DTYPES = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
_SMALLEST = {
    name: torch.finfo(getattr(torch, name)).smallest_normal * torch.finfo(getattr(torch, name)).eps
    for name in DTYPES
}
"""Smallest subnormal of each dtype."""


def headroom(target: ReplayTarget) -> tuple[Headroom, ...]:
    """Measure every module once; leaves the target as it was.

    Non-finite elements are left out, so that a failing step tells about what came before.
    """
    found: dict[tuple[str, str], Headroom] = {}
    with preserved(target), started(target) as batch, measured_outputs(target, found):
        try:
            backward(target, forward(target, batch))
        except ReplayError:
            raise
        except Exception:  # what was measured before the user's code raised still counts
            return tuple(found.values())
    return tuple(found.values())


@contextmanager
def measured_outputs(
    target: ReplayTarget, found: dict[tuple[str, str], Headroom]
) -> Iterator[None]:
    """Hook every module but the root for the first call of each."""
    hooks = [
        module.register_forward_hook(partial(_measure_output, name, target, found))
        for name, module in target.model.named_modules()
        if name
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _measure_output(
    name: str,
    target: ReplayTarget,
    found: dict[tuple[str, str], Headroom],
    module: torch.nn.Module,
    inputs: Any,
    output: Any,
) -> None:
    tensor = output if isinstance(output, torch.Tensor) else _first_tensor(output)
    if tensor is None or not tensor.is_floating_point() or (name, "activation") in found:
        return
    kind = type(module).__name__
    _keep(found, name, kind, "activation", tensor.detach(), 1.0)
    if tensor.requires_grad:
        hook = partial(_measure_gradient, name, kind, target.precision.loss_scale, found)
        tensor.register_hook(hook)  # type: ignore[no-untyped-call]


def _measure_gradient(
    name: str,
    kind: str,
    scale: float,
    found: dict[tuple[str, str], Headroom],
    gradient: torch.Tensor,
) -> None:
    _keep(found, name, kind, "gradient", gradient.detach(), scale)


def _first_tensor(output: Any) -> torch.Tensor | None:
    values = output.values() if isinstance(output, dict) else output
    if not isinstance(output, (tuple, list, dict)):
        return None
    return next((value for value in values if isinstance(value, torch.Tensor)), None)


def _keep(
    found: dict[tuple[str, str], Headroom],
    name: str, module_class: str, kind: Kind, tensor: torch.Tensor, scale: float,
) -> None:  # fmt: skip
    size = tensor.float().abs() / scale
    size = size[size.isfinite()]
    nonzero = size[size > 0]
    if nonzero.numel() == 0:
        return
    absmax, absmin = float(nonzero.max()), float(nonzero.min())
    found[name, kind] = Headroom(
        module=name,
        module_class=module_class,
        kind=kind,
        dtype=str(tensor.dtype).removeprefix("torch."),
        absmax=absmax,
        absmin=absmin,
        fits={dtype: _fit(dtype, size, nonzero, absmax, absmin) for dtype in DTYPES},
    )


def _fit(
    dtype: str, size: torch.Tensor, nonzero: torch.Tensor, absmax: float, absmin: float
) -> DtypeFit:
    largest, smallest = torch.finfo(getattr(torch, dtype)).max, _SMALLEST[dtype]
    return DtypeFit(
        bits_to_max=math.log2(largest / absmax),
        bits_to_min=math.log2(absmin / smallest),
        share_saturated=float((size > largest).float().mean()),
        share_underflow=float((nonzero <= smallest / 2).float().mean()),
    )
