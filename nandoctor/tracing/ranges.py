"""The finite magnitudes of one tensor against fp16, bf16 and fp8; the runs stand elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import torch

from nandoctor.evidence import DtypeFit, Headroom
from nandoctor.step import stored_values

Kind = Literal["activation", "gradient"]
DTYPES = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
LOW_SHARE = 0.01
_SMALLEST = {
    name: torch.finfo(getattr(torch, name)).smallest_normal * torch.finfo(getattr(torch, name)).eps
    for name in DTYPES
}
"""Smallest subnormal of each dtype."""


@dataclass
class Ranges:
    """What the hooks of one run saw, by module and kind.

    Args:
        scale: What the gradients are to be divided by.
        loss_scale: The recorded one, for what would be lost under it.
        dtypes: Of every tensor met, also of one without a finite element above 0.
    """

    scale: float
    loss_scale: float
    dtypes: dict[tuple[str, Kind], str] = field(default_factory=dict)
    kept: dict[tuple[str, Kind], Headroom] = field(default_factory=dict)


def keep(ranges: Ranges, name: str, module_class: str, kind: Kind, tensor: torch.Tensor) -> None:
    """Add what one tensor shows; one without a finite element above 0 leaves its dtype only."""
    ranges.dtypes[name, kind] = short_dtype(tensor)
    tensor = stored_values(tensor)
    size = tensor.abs() if tensor.dtype == torch.float64 else tensor.float().abs()
    size = size[size < torch.finfo(tensor.dtype).max]  # masks are filled with -inf or finfo.min
    size = size / ranges.scale if kind == "gradient" else size
    nonzero = size[size > 0]
    if nonzero.numel() == 0:
        return
    absmax, absmin = float(nonzero.max()), float(nonzero.min())
    lost = nonzero * ranges.loss_scale <= _SMALLEST["float16"] / 2
    ranges.kept[name, kind] = Headroom(
        module=name,
        module_class=module_class,
        kind=kind,
        dtype=ranges.dtypes[name, kind],
        absmax=absmax,
        absmin=absmin,
        fits={dtype: _fit(dtype, size, nonzero, absmax, absmin) for dtype in DTYPES},
        low=float(nonzero.kthvalue(math.ceil(LOW_SHARE * nonzero.numel())).values),
        share_lost=float(lost.float().mean()) if kind == "gradient" else 0.0,
    )


def short_dtype(tensor: torch.Tensor) -> str:
    """Return a tensor's dtype without its namespace."""
    return str(tensor.dtype).removeprefix("torch.")


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
