"""How many samples a batch holds; taking them out stands in select."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from nandoctor.batches.graphs import graph_of_nodes
from nandoctor.batches.walk import MicroBatches, children_of, named_arrays, named_tensors

_LEADING = ("input_ids", "decoder_input_ids", "inputs_embeds", "labels", "attention_mask")
"""Entries whose first dimension is the batch wherever they occur."""


def batch_size(batch: Any) -> int | None:
    """Return the number of samples, None where the shapes do not tell."""
    if isinstance(batch, MicroBatches):
        sizes = [batch_size(part) for part in batch]
        return None if None in sizes else sum(size for size in sizes if size is not None)
    if is_list_of_samples(batch):
        return len(batch)
    named = named_tensors(batch)
    graph = graph_of_nodes(named)
    if graph is not None:
        return int(graph.max()) + 1
    for name, tensor in named:
        *outer, last = name.split(".")
        if last in _LEADING and tensor.ndim and not any(key.isdigit() for key in outer):
            boundaries = boundaries_of(named)
            packed = boundaries is not None and tensor.shape[0] == 1
            return len(boundaries) - 1 if packed and boundaries else int(tensor.shape[0])
    columns = _per_sample_lists(batch)
    if columns:
        return columns[0]
    arrays = [array.shape for _, array in named_arrays(batch)]
    return _commonest_size([*(tuple(tensor.shape) for _, tensor in named), *arrays])


def _commonest_size(shapes: Sequence[Sequence[int]]) -> int | None:
    """Return the size that most entries have in dimension 0 or (time first) dimension 1."""
    first: Counter[int] = Counter(shape[0] for shape in shapes if shape)
    # The second dimension of a jagged tensor is no number.
    sizes = [{n for n in shape[:2] if isinstance(n, int)} for shape in shapes]
    either: Counter[int] = Counter(n for found in sizes for n in found)
    # max() keeps the first of equals: the entry that stands first in the batch.
    return max(first, key=lambda n: (either[n], first[n]), default=None)


def _per_sample_lists(batch: Any) -> list[int]:
    """Return the lengths of the lists that hold one item a sample (images of any size, targets)."""
    if isinstance(batch, torch.Tensor):
        return []
    lengths = []
    for _, child in children_of(batch):
        if is_per_sample(child):
            lengths.append(len(child))
        elif not isinstance(child, (list, tuple)):
            lengths += _per_sample_lists(child)
    return lengths


def is_per_sample(value: Any) -> bool:
    """Whether a list holds one item a sample rather than one batched tensor an item."""
    if not isinstance(value, (list, tuple)) or len(value) == 0 or hasattr(value, "_fields"):
        return False
    if all(isinstance(item, Mapping) for item in value):
        return True
    tensors = all(isinstance(item, torch.Tensor) and item.ndim >= 1 for item in value)
    # Batched tensors share their first dimension; images (3, H, W) do too, in channels.
    return tensors and (
        len({item.shape[0] for item in value}) > 1
        or (len({item.shape for item in value}) > 1 and _are_images(value))
    )


def _are_images(tensors: Sequence[torch.Tensor]) -> bool:
    return all(item.ndim == 3 and item.shape[0] in (1, 3, 4) for item in tensors)


def is_list_of_samples(batch: Any) -> bool:
    """Whether the batch itself is a list of samples, not collated, rather than of batches.

    The tensors of a batch share their first dimension, and one at least has a second; those of a
    sample have none in common, or are rows.
    """
    if not isinstance(batch, (list, tuple)) or len(batch) < 2 or hasattr(batch, "_fields"):
        return False
    if not all(isinstance(item, Mapping) for item in batch):
        return False
    tensors = [[tensor for _, tensor in named_tensors(item)] for item in batch]
    if all(t.ndim <= 1 for item in tensors for t in item):  # a row of tokens and its mask
        return any(t.ndim for item in tensors for t in item)
    sizes = [{t.shape[:1] for t in item} for item in tensors]
    return all(len(found) > 1 for found in sizes) or len(set(map(frozenset, sizes[:-1]))) > 1


def boundaries_of(named: list[tuple[str, torch.Tensor]]) -> list[int] | None:
    """Return the segment boundaries of a packed batch."""
    for name, tensor in named:
        if "cu_seq" in name.rsplit(".", 1)[-1] and tensor.ndim == 1 and len(tensor) > 1:
            return [int(value) for value in tensor.tolist()]
    return None
