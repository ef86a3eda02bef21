"""A tensor's statistics, measured with torch; files are scanned elsewhere, without it."""

from __future__ import annotations

import math
from typing import Any

import torch

from nandoctor.evidence import Role, TensorStats
from nandoctor.step import stored_values, widest

RAGGED = -1
"""Length of a dimension of jagged tensors that differs from row to row."""


def tensor_stats(name: str, role: Role, tensor: torch.Tensor) -> TensorStats:
    """Measure a tensor; integers and booleans are counted as numbers."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = tuple(n if isinstance(n, int) else RAGGED for n in tensor.shape)
    values = stored_values(tensor)
    if values.numel() == 0:
        return TensorStats(name, role, dtype, shape, tensor.numel())
    has_limits = values.is_floating_point() and not tensor.is_complex()
    values = values.to(torch.float64 if values.dtype == torch.float64 else torch.float32)
    num_zero = values.numel() - int(values.count_nonzero())
    low, high = (float(bound) for bound in torch.aminmax(values))
    is_finite = math.isfinite(low) and math.isfinite(high)
    good = values.reshape(-1) if is_finite else values[torch.isfinite(values)]
    moments = _moments(good)
    return TensorStats(
        name, role, dtype, shape, tensor.numel(),
        num_zero=num_zero,
        **({} if is_finite else _bad_counts(values, shape)),
        **(_limits(good, num_zero, moments, torch.finfo(tensor.dtype)) if has_limits else {}),
        **moments,
    )  # fmt: skip


def _bad_counts(values: torch.Tensor, shape: tuple[int, ...]) -> dict[str, Any]:
    return {
        "num_nan": int(torch.isnan(values).sum()),
        "num_posinf": int((values == torch.inf).sum()),
        "num_neginf": int((values == -torch.inf).sum()),
        "first_bad": first_index(~torch.isfinite(values), shape),
    }


def _limits(
    good: torch.Tensor, num_zero: int, moments: dict[str, Any], info: torch.finfo
) -> dict[str, Any]:
    """Count the elements at the two ends of the dtype."""
    if not moments:
        return {}
    size = good.abs()
    largest = max(-moments["min"], moments["max"])
    at_limit = int((size >= 0.99 * info.max).sum()) if largest >= 0.99 * info.max else 0
    return {"num_subnormal": int((size < info.tiny).sum()) - num_zero, "num_at_limit": at_limit}


def _moments(good: torch.Tensor) -> dict[str, Any]:
    if good.numel() == 0:
        return {}
    wide = good.to(widest(good.device))
    low, high = torch.aminmax(good)
    variance, mean = torch.var_mean(wide, correction=0)
    l2 = float(torch.linalg.vector_norm(wide))
    return {
        "min": float(low),
        "max": float(high),
        "mean": float(mean),
        "std": float(variance) ** 0.5,
        "l2": l2,
        "rms_rest": _rms_rest(wide, l2, max(-float(low), float(high))),
    }


def _rms_rest(values: torch.Tensor, l2: float, largest: float) -> float | None:
    """Return the root mean square of all elements but the largest, None where there is no other."""
    if values.numel() < 2:
        return None
    rest = l2 * l2 - largest * largest
    if not rest > 0.01 * l2 * l2:  # the difference has lost its digits
        squares = values.square()
        squares[squares.argmax()] = 0.0
        rest = float(squares.sum())
    return math.sqrt(rest / (values.numel() - 1))


def first_index(mask: torch.Tensor, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the coordinates of the first True element."""
    if mask.ndim != len(shape):  # complex: a trailing pair; sparse: stored values only
        mask = mask.any(-1) if mask.ndim == len(shape) + 1 else mask
    where = mask.nonzero()[:1].tolist()
    return tuple(where[0]) if where else None
