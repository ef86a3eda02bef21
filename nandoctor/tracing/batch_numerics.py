"""What a batch itself says: the pixel range of its images, the lengths of its sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from nandoctor.evidence import LayerNumerics

Named = Sequence[tuple[str, torch.Tensor]]


def batch_numerics(named: Named) -> tuple[LayerNumerics, ...]:
    """Return the figures of every entry that holds images or a padding mask."""
    return (*image_numerics(named), *length_numerics(named))


def image_numerics(named: Named) -> list[LayerNumerics]:
    """Return the pixel range of the batch's images, and which are of one colour."""
    found = []
    for name, tensor in named:
        is_image = tensor.ndim >= 4 and tensor.shape[-3] in (1, 3, 4) and "mask" not in name
        if not (is_image and tensor.is_floating_point()):
            continue
        images = tensor.detach().reshape(-1, *tensor.shape[-3:]).flatten(1)
        if images.numel() == 0:
            continue
        low, high = images.amin(1), images.amax(1)
        flat = [int(row) for row in (low == high).nonzero()[:, 0].tolist()]
        figures = {**span(images), "num_constant": float(len(flat))}
        note = f"images of one colour: {', '.join(map(str, flat[:8]))}" if flat else ""
        found.append(LayerNumerics(name, "images", figures, note))
    return found


def length_numerics(named: Named) -> list[LayerNumerics]:
    """Return the sequence lengths that a padding mask of shape (batch, tokens) tells."""
    found = []
    for name, tensor in named:
        is_mask = "mask" in name and tensor.ndim == 2 and not tensor.is_floating_point()
        if not is_mask or tensor.numel() == 0:
            continue
        lengths = (tensor != 0).sum(1).double()
        padded = 1 - float(lengths.mean()) / tensor.shape[1]
        figures = {**span(lengths), "mean": float(lengths.mean()), "share_padded": padded}
        found.append(LayerNumerics(name, "lengths", figures))
    return found


def span(values: torch.Tensor) -> dict[str, float]:
    """Return the smallest and the largest finite element, NaN where there is none."""
    finite = values[torch.isfinite(values)]
    if not finite.numel():
        return {"min": math.nan, "max": math.nan}
    return {"min": float(finite.min()), "max": float(finite.max())}
