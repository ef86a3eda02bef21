"""Which rows a result's bad elements suggest; guesses only, proved elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def row_hints(outputs: Sequence[torch.Tensor], size: int) -> list[list[int]]:
    """Return the rows that a result's bad elements stand in, by each dimension of batch size."""
    hints: list[list[int]] = []
    for tensor in outputs:
        if not tensor.is_floating_point() or tensor.layout is not torch.strided:
            continue
        bad = ~torch.isfinite(tensor)
        for dim, length in enumerate(tensor.shape[:3]):
            if not bool(bad.any()) or (length != size and (dim > 0 or length % size)):
                continue
            rows = bad.movedim(dim, 0).reshape(length, -1).any(1).nonzero()[:, 0].tolist()
            hint = sorted({row // (length // size) for row in rows})
            if hint not in hints:
                hints.append(hint)
    return hints
