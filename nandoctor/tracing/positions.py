"""Where in the batch bad elements stand, in words: samples, tokens, pixels, columns."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nandoctor.batches import array_tensors, batch_size, named_tensors
from nandoctor.evidence import Origin
from nandoctor.target import ReplayTarget

SHOWN = 8


def positions_of(target: ReplayTarget, origin: Origin) -> tuple[str, ...]:
    """Return the places of the origin's bad elements where the tensor's layout tells them."""
    named = [*named_tensors(target.batch), *array_tensors(target.batch)]
    size = batch_size(target.batch)
    if size is None:
        return ()
    if origin.phase == "batch":
        tensor = dict(named).get(origin.tensor or "")
        if tensor is None or tensor.ndim == 0 or tensor.shape[0] != size:
            return ()
        where = (~torch.isfinite(tensor)).nonzero()[:SHOWN].tolist()
        return _worded([_in_entry(tuple(index), tuple(tensor.shape)) for index in where])
    lengths = {
        int(t.shape[1]) for _, t in named
        if t.ndim == 2 and not t.is_nested and t.shape[0] == size and not t.is_floating_point()
    }  # fmt: skip
    shown = next((item for item in origin.outputs if item.indices), None)
    if shown is None:
        return ()
    shape = shown.stats.shape
    return _worded([_in_result(index, shape, size, lengths) for index in shown.indices])


def _worded(places: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for place in places if place))[:SHOWN]


def _in_entry(index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    sample = f"sample {index[0]}"
    if len(shape) == 4 and shape[1] in (1, 3, 4):
        return f"{sample}, channel {index[1]}, pixel ({index[2]}, {index[3]})"
    if len(shape) == 2:
        return f"{sample}, column {index[1]}"
    return f"{sample}, element {list(index[1:])}" if len(shape) > 2 else sample


def _in_result(index: tuple[int, ...], shape: tuple[int, ...], size: int, lengths: set[int]) -> str:
    """Word a place in an activation; empty where its first dimension is not the batch's."""
    if not shape:
        return ""
    if shape[0] == size:
        token = next((d for d in range(1, len(shape)) if shape[d] in lengths), None)
        words = f"sample {index[0]}"
        return f"{words}, token {index[token]}" if token is not None else words
    length = next((n for n in lengths if shape[0] == size * n), None)
    if length is not None:
        return f"sample {index[0] // length}, token {index[0] % length}"
    return ""
