"""Taking samples out of a batch, whatever its entries look like."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch

from nandoctor.batches.graphs import graph_of_nodes, picking_graphs
from nandoctor.batches.images import image_groups
from nandoctor.batches.ragged import picked_ragged
from nandoctor.batches.size import batch_size, boundaries_of, is_list_of_samples, is_per_sample
from nandoctor.batches.walk import MicroBatches, children_of, map_named, named_tensors, rebuilt

_OF_CLASSES = re.compile(r"(?:class|cls|pos|ce)_?(?:weight|prior|freq|count)s?$")
"""Names of vectors with one number a class."""


def cuts(batch: Any, indices: Sequence[int]) -> list[Any]:
    """Return the ways to cut a batch down to these samples, the likeliest first.

    What holds one number a sample may as well hold one a class, where there are as many classes as
    samples; which it is shows when the step is run.
    """
    size = batch_size(batch)
    vectors = {
        name for name, tensor in named_tensors(batch)
        if tensor.ndim == 1 and tensor.shape[0] == size and tensor.is_floating_point()
    }  # fmt: skip
    first = select_rows(batch, indices)
    return [first, select_rows(batch, indices, whole=vectors)] if vectors else [first]


def select_rows(batch: Any, indices: Sequence[int], *, whole: Collection[str] = ()) -> Any:
    """Return the batch with these samples only, in this order.

    Entries that are not batch-first are followed: time-first tensors, the images of a
    vision-language batch (grouped by their grid or by the image tokens of each sample), packed
    sequences (``cu_seqlens``) and packed graphs (``edge_index`` and ``batch``). What belongs to no
    sample stays.

    Args:
        whole: Names of entries that are not cut.

    Raises:
        ValueError: The number of samples is not known, or an index lies outside.
    """
    size = _size_that_has(batch, indices)
    if isinstance(batch, MicroBatches):
        return _selected_micro_batches(batch, indices)
    if is_list_of_samples(batch):
        return type(batch)(batch[index] for index in indices)
    named = named_tensors(batch)
    boundaries = boundaries_of(named)
    if boundaries is not None and len(boundaries) - 1 == size:
        return _selected_segments(batch, indices, boundaries)
    graph = graph_of_nodes(named)
    if graph is not None:
        return map_named(batch, picking_graphs(named, graph, indices))
    groups = image_groups(named, size)
    lengths: dict[int, torch.Tensor] = {}

    def pick(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name in whole or _OF_CLASSES.search(name):
            return tensor
        if tensor.is_nested:
            return picked_ragged(tensor, indices, lengths)
        return _picked(tensor, indices, size, groups.get(name))

    return _select(batch, "", indices, size, pick)


def _size_that_has(batch: Any, indices: Sequence[int]) -> int:
    size = batch_size(batch)
    if size is None:
        raise ValueError("the batch does not tell its number of samples")
    if any(not 0 <= index < size for index in indices):
        raise ValueError(f"the batch has {size} samples, asked for {list(indices)}")
    return size


def _select(value: Any, name: str, indices: Sequence[int], size: int, pick: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return pick(name or "batch", value)
    if isinstance(value, np.ndarray):
        return value[list(indices)] if value.ndim and value.shape[0] == size else value
    plain = isinstance(value, (list, tuple)) and not hasattr(value, "_fields")
    if plain and len(value) == size and name and _is_column(value, size):
        return type(value)(value[index] for index in indices)
    new = [
        (key, _select(child, f"{name}.{key}" if name else str(key), indices, size, pick))
        for key, child in children_of(value)
    ]
    return rebuilt(value, new) if new else value


def _is_column(value: Sequence[Any], size: int) -> bool:
    """Whether a list as long as the batch holds one item a sample."""
    if all(isinstance(item, (str, bytes, int, float, type(None))) for item in value):
        return True
    # Tensors that are no batches themselves: images of one size are a list of samples, too.
    tensors = all(isinstance(item, torch.Tensor) and item.ndim >= 1 for item in value)
    return is_per_sample(value) or (tensors and all(item.shape[0] != size for item in value))


def _picked(
    tensor: torch.Tensor, indices: Sequence[int], size: int, group: list[list[int]] | None
) -> torch.Tensor:
    rows = list(indices) if group is None else [row for i in indices for row in group[i]]
    where = torch.tensor(rows, dtype=torch.long, device=tensor.device)
    if group is not None or (tensor.ndim and tensor.shape[0] == size):
        return tensor.index_select(0, where)
    if tensor.ndim >= 2 and tensor.shape[1] == size:
        return tensor.index_select(1, where)
    return tensor


def _selected_micro_batches(batch: MicroBatches, indices: Sequence[int]) -> MicroBatches:
    parts, start = MicroBatches(), 0
    for part in batch:
        size = batch_size(part) or 0
        mine = [index - start for index in indices if start <= index < start + size]
        if mine:
            parts.append(select_rows(part, mine))
        start += size
    return parts


def _selected_segments(batch: Any, indices: Sequence[int], boundaries: list[int]) -> Any:
    """Return a packed batch with these segments only."""
    tokens = [t for i in indices for t in range(boundaries[i], boundaries[i + 1])]
    lengths = [boundaries[i + 1] - boundaries[i] for i in indices]

    def pick(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if "cu_seq" in name.rsplit(".", 1)[-1]:
            ends = torch.tensor([0, *lengths], dtype=tensor.dtype, device=tensor.device)
            return ends.cumsum(0).to(tensor.dtype)
        for dim in (0, 1):
            if tensor.ndim > dim and tensor.shape[dim] == boundaries[-1]:
                where = torch.tensor(tokens, dtype=torch.long, device=tensor.device)
                return tensor.index_select(dim, where)
        return tensor

    return map_named(batch, pick)
