"""Moving numbers off singular points; what is farther away than eps keeps its bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from nandoctor.interventions.arguments import eps_of, is_real, step_at_one


def off_zero(x: Any) -> Any:
    """Move what is within eps of zero to +eps."""
    if not isinstance(x, torch.Tensor) or not (x.is_floating_point() or x.is_complex()):
        return NotImplemented
    eps = eps_of(x.dtype)
    return torch.where(x.abs() < eps, torch.full_like(x, eps), x)


def denominator(x: Any) -> Any:
    """Move what is within eps of zero to eps with the sign that it has; integers become floats."""
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return x if abs(x) >= eps_of(torch.float32) else eps_of(torch.float32)
    if not isinstance(x, torch.Tensor):
        return NotImplemented
    if not x.is_floating_point() and not x.is_complex():
        x = x.to(torch.get_default_dtype())
    eps = eps_of(x.dtype)
    moved = torch.full_like(x, eps)
    return torch.where(x.abs() < eps, torch.where(x.real < 0, -moved, moved), x)


def off_one(x: Any) -> Any:
    """Move what is within eps of 1 or -1 inside the interval."""
    if not is_real(x):
        return NotImplemented
    step = step_at_one(x.dtype)
    inside = torch.full_like(x, 1 - step).copysign(x)
    return torch.where((x.abs() - 1).abs() < step, inside, x)


def off_edge(edge: float) -> Callable[[Any], Any]:
    """Return a change that moves what is within eps of an edge above it."""

    def change(x: Any) -> Any:
        if not is_real(x):
            return NotImplemented
        step = step_at_one(x.dtype)
        return torch.where((x - edge).abs() < step, torch.full_like(x, edge + step), x)

    return change


def off_both_ends(x: Any) -> Any:
    """Move what is within eps of 0 or 1 into the open interval."""
    if not is_real(x):
        return NotImplemented
    step = step_at_one(x.dtype)
    return off_zero(torch.where((x - 1).abs() < step, torch.full_like(x, 1 - step), x))


def off_singular_matrix(x: Any) -> Any:
    """Add a small diagonal of different numbers: full rank, and no two equal eigenvalues."""
    if not is_real(x) or x.ndim < 2:
        return NotImplemented
    size = min(x.shape[-2:])
    jitter = 10 * step_at_one(x.dtype) * torch.linspace(1, 2, size, dtype=x.dtype, device=x.device)
    diagonal = torch.zeros(x.shape[-2:], dtype=x.dtype, device=x.device)
    diagonal.diagonal().copy_(jitter)
    return x + diagonal
