"""Which elements of an op's input belong to the bad elements of its result."""

from __future__ import annotations

import torch

from nandoctor.step import widest

SHOWN = 8
"""How many offending elements are listed."""


def offending_indices(
    tensor: torch.Tensor, bad: torch.Tensor | None
) -> tuple[tuple[int, ...], ...]:
    """Return the coordinates in an input that belong to the bad elements of the result.

    Elementwise ops by broadcasting, reductions by the slice that was reduced; what mixes elements
    otherwise (matrix products, convolutions) shows its own non-finite elements, else nothing.
    """
    if bad is None or tensor.layout is not torch.strided:
        return ()
    own = bad_mask(tensor)
    if own is not None and bool(own.any()):
        return first_indices(own)
    if tensor.ndim <= bad.ndim and _broadcasts(tensor.shape, bad.shape):
        where = bad.nonzero()[:4096]
        offset = bad.ndim - tensor.ndim
        inside = [where[:, offset + dim] * (tensor.shape[dim] > 1) for dim in range(tensor.ndim)]
        if not inside:
            return ((),)
        unique = dict.fromkeys(map(tuple, torch.stack(inside, 1).tolist()))
        return tuple(list(unique)[:SHOWN])
    reduced = _reduced_slice(tensor, bad)
    return _largest(tensor, reduced) if reduced is not None else ()


def _reduced_slice(tensor: torch.Tensor, bad: torch.Tensor) -> torch.Tensor | None:
    """Return the mask of the input elements that were reduced to the first bad element."""
    first = bad.nonzero()[0].tolist()
    kept: list[int | None] | None
    if bad.ndim == tensor.ndim and _broadcasts(bad.shape, tensor.shape):
        sizes = zip(first, bad.shape, tensor.shape, strict=True)
        kept = [index if b > 1 or t == 1 else None for index, b, t in sizes]
    else:
        kept = _match_dims(tuple(tensor.shape), tuple(bad.shape), first)
    if kept is None:
        return None
    mask = torch.zeros(tensor.shape, dtype=torch.bool, device=tensor.device)
    mask[tuple(slice(None) if index is None else index for index in kept)] = True
    return mask


def _match_dims(
    shape: tuple[int, ...], result: tuple[int, ...], first: list[int]
) -> list[int | None] | None:
    """Align a result's dimensions with those of the input, from the left, skipping reduced ones."""
    kept: list[int | None] = [None] * len(shape)
    position = 0
    for dim, size in enumerate(result):
        while position < len(shape) and shape[position] != size:
            position += 1
        if position == len(shape):
            return None
        kept[position] = first[dim]
        position += 1
    return kept


def _largest(tensor: torch.Tensor, mask: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    if tensor.numel() == 0 or tensor.is_complex():
        return ()
    size = tensor.abs().to(widest(tensor.device)).masked_fill(~mask, -1.0).flatten()
    order = size.topk(min(SHOWN, int(mask.sum()))).indices.tolist()
    return tuple(_unravel(flat, tuple(tensor.shape)) for flat in order)


def _unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    index = []
    for size in reversed(shape):
        flat, rest = divmod(flat, size)
        index.append(rest)
    return tuple(reversed(index))


def _broadcasts(shape: torch.Size, result: torch.Size) -> bool:
    pairs = zip(reversed(shape), reversed(result), strict=False)
    return all(a in (1, b) for a, b in pairs)


def bad_mask(tensor: torch.Tensor) -> torch.Tensor | None:
    """Return where a tensor is non-finite, None where it cannot tell."""
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    if tensor.layout is not torch.strided:
        return None
    return ~torch.isfinite(tensor.float() if tensor.element_size() == 1 else tensor)


def first_indices(mask: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    """Return the coordinates of the first elements that are True."""
    return tuple(tuple(row) for row in mask.nonzero()[:SHOWN].tolist())
