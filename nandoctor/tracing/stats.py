"""A tensor's statistics, measured with torch; files are scanned elsewhere, without it."""

from __future__ import annotations

from typing import Any

import torch

from nandoctor.evidence import Role, TensorStats
from nandoctor.step import stored_values


def tensor_stats(name: str, role: Role, tensor: torch.Tensor) -> TensorStats:
    """Measure a tensor; integers and booleans are counted as numbers."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = tuple(tensor.shape)
    values = stored_values(tensor)
    if values.numel() == 0:
        return TensorStats(name, role, dtype, shape, tensor.numel())
    has_limits = values.is_floating_point() and not tensor.is_complex()
    values = values.to(torch.float64 if values.dtype == torch.float64 else torch.float32)
    finite = torch.isfinite(values)
    size = values.abs()
    info = torch.finfo(tensor.dtype if has_limits else torch.float32)
    return TensorStats(
        name, role, dtype, shape, tensor.numel(),
        num_nan=int(torch.isnan(values).sum()),
        num_posinf=int((values == torch.inf).sum()),
        num_neginf=int((values == -torch.inf).sum()),
        num_zero=int((values == 0).sum()),
        num_subnormal=int(((size > 0) & (size < info.tiny)).sum()) if has_limits else 0,
        num_at_limit=int((finite & (size >= 0.99 * info.max)).sum()) if has_limits else 0,
        first_bad=None if finite.all() else first_index(~finite, shape),
        **_moments(values[finite]),
    )  # fmt: skip


def _moments(good: torch.Tensor) -> dict[str, Any]:
    if good.numel() == 0:
        return {}
    wide = good if good.device.type == "mps" else good.double()
    mean = wide.mean()
    return {
        "min": float(good.min()),
        "max": float(good.max()),
        "mean": float(mean),
        "std": float((wide - mean).square().mean().sqrt()),
        "l2": float(wide.square().sum().sqrt()),
        "rms_rest": _rms_rest(wide),
    }


def _rms_rest(values: torch.Tensor) -> float | None:
    """Return the root mean square of all elements but the largest, None where there is no other."""
    if values.numel() < 2:
        return None
    squares = values.flatten().square()
    squares[squares.argmax()] = 0.0
    return float((squares.sum() / (squares.numel() - 1)).sqrt())


def first_index(mask: torch.Tensor, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the coordinates of the first True element."""
    if mask.ndim != len(shape):  # complex: a trailing pair; sparse: stored values only
        mask = mask.any(-1) if mask.ndim == len(shape) + 1 else mask
    where = mask.nonzero()[:1].tolist()
    return tuple(where[0]) if where else None
