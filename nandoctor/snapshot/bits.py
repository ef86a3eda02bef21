"""Tensors compared and written back by their bits."""

from __future__ import annotations

from collections.abc import Sequence

import torch

_SMALL = 2**14
"""Elements up to which tensors are copied together."""

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


class Backup:
    """Copies of tensors, the small ones of a kind in one piece: many small copies cost time."""

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self._single: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._packed: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = {}
        for tensor in tensors:
            if tensor.is_contiguous() and 0 < tensor.numel() <= _SMALL and not tensor.is_meta:
                self._packed.setdefault((tensor.dtype, tensor.device), []).append(tensor)
            else:
                self._single.append((tensor, tensor.detach().clone()))
        self._copies = [(pack, _in_one_piece(pack)) for pack in self._packed.values()]

    def put_back(self) -> None:
        """Write the copies into the tensors whose bits changed."""
        for tensor, value in self._single:
            put_back(tensor, value)
        for pack, copy in self._copies:
            if not is_same_bits(_in_one_piece(pack), copy):
                sizes = [tensor.numel() for tensor in pack]
                for tensor, value in zip(pack, torch.split(copy, sizes), strict=True):
                    put_back(tensor, value.view(tensor.shape))


def _in_one_piece(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.detach().view(-1) for tensor in tensors])
