"""Rows of jagged tensors, which differ in length."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def picked_ragged(
    tensor: torch.Tensor, rows: Sequence[int], lengths: dict[int, torch.Tensor]
) -> torch.Tensor:
    """Return these rows of a jagged tensor.

    Args:
        lengths: The new offsets by the id of the old ones: two tensors with the same offsets can
            be added up, and so must their parts.
    """
    parts = tensor.detach().unbind()
    chosen = [parts[row] for row in rows]
    old: torch.Tensor = tensor.offsets()  # type: ignore[attr-defined]
    if id(old) not in lengths:
        sizes = torch.tensor([0, *(len(part) for part in chosen)], device=old.device)
        lengths[id(old)] = sizes.cumsum(0).to(old.dtype)
    return torch.nested.nested_tensor_from_jagged(torch.cat(chosen), lengths[id(old)])
