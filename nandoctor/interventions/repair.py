"""Values for a corrupt tensor: from the last good checkpoint, else from its own healthy part."""

from __future__ import annotations

import torch

from nandoctor.step import widest
from nandoctor.target import ReplayTarget

_OUTLIER = 1e3
"""An element this many times the root mean square of the others is no weight that was trained."""


def outliers(tensor: torch.Tensor) -> torch.Tensor:
    """Return a mask of the elements that are non-finite or far out of their family."""
    bad = ~torch.isfinite(tensor)
    if tensor.numel() < 4 or not tensor.is_floating_point():
        return bad
    values = torch.where(bad, torch.zeros_like(tensor), tensor).to(widest(tensor.device)).abs()
    others = values.flatten().clone()
    others[values.argmax()] = 0.0  # left out of the sum: beside it the others would round away
    rest = (others.square().sum() / (values.numel() - 1)).sqrt()
    return bad | (values > _OUTLIER * rest) & (rest > 0)


def healed(
    name: str, tensor: torch.Tensor, bad: torch.Tensor, target: ReplayTarget
) -> torch.Tensor:
    """Return the tensor with its bad elements replaced."""
    good = (target.last_good or {}).get(name)
    if isinstance(good, torch.Tensor) and good.shape == tensor.shape:
        restored = good.to(tensor.device, tensor.dtype)
        bad = bad & ~torch.isfinite(restored)
        tensor = torch.where(torch.isfinite(restored), restored, tensor)
    healthy = tensor[~bad]
    fill = healthy.median() if healthy.numel() else torch.zeros((), dtype=tensor.dtype)
    return torch.where(bad, fill.to(tensor.device), tensor)
