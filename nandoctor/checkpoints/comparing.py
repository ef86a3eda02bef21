"""Two checkpoints tensor by tensor: what moved, turned bad, was reset or is not there any more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.naming import TensorHandle
from nandoctor.checkpoints.tensors import TensorBuilder
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import CheckpointFacts, TensorChange, TensorStats

if TYPE_CHECKING:
    import torch

KINDS = ("new_nonfinite", "missing", "shape", "dtype", "reset", "added", "moved", "same")
_CHUNK = 1 << 22
"""Elements compared at a time, so that float64 copies stay small."""


def compare(
    checkpoints: tuple[Checkpoint, Checkpoint], facts: tuple[CheckpointFacts, CheckpointFacts]
) -> tuple[TensorChange, ...]:
    """Return what became of every tensor of either checkpoint, worst first.

    Args:
        checkpoints: A and B, opened.
        facts: Their scans.
    """
    before, after = ({t.name: t for t in each.tensors} for each in facts)
    handles = [{h.name: h for h in checkpoint.tensors} for checkpoint in checkpoints]
    builders = [TensorBuilder(checkpoint.path) for checkpoint in checkpoints]
    changes = []
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        moved = None
        if one and other and one.shape == other.shape:
            moved = _moved(builders, [table[name] for table in handles])
        changes.append(_change(name, one, other, moved))
    return tuple(sorted(changes, key=_order))


def _change(
    name: str, before: TensorStats | None, after: TensorStats | None, moved: float | None
) -> TensorChange:
    either = before or after
    assert either is not None
    return TensorChange(name, either.role, _kind(before, after, moved), moved, before, after)


def _kind(before: TensorStats | None, after: TensorStats | None, moved: float | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "missing"
    if after.num_nonfinite > before.num_nonfinite:
        return "new_nonfinite"
    if before.shape != after.shape:
        return "shape"
    if before.dtype != after.dtype:
        return "dtype"
    is_moment = before.role in ("exp_avg", "exp_avg_sq")
    if is_moment and before.num_zero < before.numel and after.num_zero == after.numel:
        return "reset"
    return "moved" if moved is None or moved > 0 else "same"


def _order(change: TensorChange) -> tuple[int, float]:
    moved = change.moved if change.moved is not None else math.inf
    return (KINDS.index(change.kind), -moved)


def _moved(builders: list[TensorBuilder], handles: list[TensorHandle]) -> float | None:
    """Return ‖b - a‖ / ‖a‖ over the elements that are finite in both; None where unreadable."""
    try:
        a, b = (builder.tensor(h.ref, h.name) for builder, h in zip(builders, handles, strict=True))
    except UnreadableInputError:
        return None
    if a.is_complex() or a.layout != b.layout or str(a.layout) != "torch.strided":
        return None
    change = base = 0.0
    for x, y in zip(chunks(a), chunks(b), strict=True):
        finite = x.isfinite() & y.isfinite()
        change += float((y - x)[finite].square().sum())
        base += float(x[finite].square().sum())
    if change == 0.0:
        return 0.0
    return math.sqrt(change / base) if base else math.inf


def chunks(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the elements in float64, a bounded number at a time."""
    import torch

    flat = tensor.detach().reshape(-1)
    dense = flat.dequantize() if flat.is_quantized else flat
    for start in range(0, dense.numel(), _CHUNK):
        yield dense[start : start + _CHUNK].to(torch.float64)
