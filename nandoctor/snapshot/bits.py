"""Tensors compared and written back by their bits."""

from __future__ import annotations

import torch

_WORDS = ((8, torch.int64), (4, torch.int32), (2, torch.int16))


def put_back(tensor: torch.Tensor, value: torch.Tensor) -> None:
    """Write a backup into a tensor, but only if a bit changed.

    An unneeded write would raise the version counter and break a graph that the caller holds.
    """
    with torch.no_grad():
        if not is_same_bits(tensor.detach(), value):
            tensor.detach().copy_(value)


def is_same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors hold the same bits: NaN equals the same NaN, 0.0 is not -0.0."""
    if a.shape != b.shape or a.dtype != b.dtype or a.layout is not torch.strided:
        return False
    if a.numel() == 0 or a.is_meta:
        return True
    return torch.equal(_as_words(a), _as_words(b))


def _as_words(tensor: torch.Tensor) -> torch.Tensor:
    """Return the bytes of a tensor as integers, wide ones where they fit: they compare faster."""
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    flat = tensor.contiguous().view(-1)
    num_bytes, start = flat.numel() * flat.element_size(), flat.storage_offset()
    for size, dtype in _WORDS:
        if num_bytes % size == 0 and start * flat.element_size() % size == 0:
            return flat.view(dtype)
    return flat.view(torch.uint8)
