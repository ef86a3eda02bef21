"""The operands of an op with the elements that made its result bad."""

from __future__ import annotations

import torch

from nandoctor.evidence import OpTensor
from nandoctor.step import widest
from nandoctor.tracing.finiteness import can_be_bad
from nandoctor.tracing.records import Detail
from nandoctor.tracing.stats import tensor_stats

SHOWN = 8
"""How many offending elements are listed."""

_RESULTS = {"_ctc_loss": 1, "ctc_loss": 1}
"""Of ops that return a table, too, which they fill only in part: how many results come before."""


def inputs_of(detail: Detail, bad: torch.Tensor | None = None) -> tuple[OpTensor, ...]:
    """Return the inputs of an op.

    Args:
        bad: bool, the shape of the result: its bad elements; None = those of the kept results.
    """
    if bad is None:
        bad = bad_elements(detail)
    found = []
    for position, tensor in enumerate(detail.inputs):
        leaf = detail.leaves[position]
        indices = offending_indices(tensor, bad)
        found.append(
            OpTensor(
                stats=tensor_stats(
                    leaf.name if leaf else f"input {position}", "activation", tensor
                ),
                offending=tuple(_number(tensor, index) for index in indices),
                indices=indices,
                made_by=detail.makers[position],
            )
        )
    return tuple(found)


def outputs_of(detail: Detail) -> tuple[OpTensor, ...]:
    """Return the results of an op with their bad elements.

    Results that cannot be bad are left out: a kernel's workspace holds whatever was there before.
    """
    found = []
    for position, tensor in enumerate(detail.outputs[: _RESULTS.get(detail.name)]):
        if not can_be_bad(tensor):
            continue
        mask = _bad(tensor)
        indices = _indices(mask) if mask is not None else ()
        stats = tensor_stats(f"output {position}", "activation", tensor)
        values = tuple(_number(tensor, index) for index in indices)
        found.append(OpTensor(stats, values, indices))
    return tuple(found)


def bad_elements(detail: Detail) -> torch.Tensor | None:
    """Return the mask of the first bad result."""
    masks = (_bad(tensor) for tensor in detail.outputs)
    return next((mask for mask in masks if mask is not None and bool(mask.any())), None)


def offending_indices(
    tensor: torch.Tensor, bad: torch.Tensor | None
) -> tuple[tuple[int, ...], ...]:
    """Return the coordinates in an input that belong to the bad elements of the result.

    Elementwise ops by broadcasting, reductions by the slice that was reduced; what mixes elements
    otherwise (matrix products, convolutions) shows its own non-finite elements, else nothing.
    """
    if bad is None or tensor.layout is not torch.strided:
        return ()
    own = _bad(tensor)
    if own is not None and bool(own.any()):
        return _indices(own)
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


def _bad(tensor: torch.Tensor) -> torch.Tensor | None:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return None
    if tensor.layout is not torch.strided:
        return None
    return ~torch.isfinite(tensor.float() if tensor.element_size() == 1 else tensor)


def _indices(mask: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(row) for row in mask.nonzero()[:SHOWN].tolist())


def _number(tensor: torch.Tensor, index: tuple[int, ...]) -> float:
    value = tensor[index]
    return float(value.abs() if value.is_complex() else value)
