"""Infinities that are meant: mask fills and what hands them on; faults are judged elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from nandoctor.step import stored_values
from nandoctor.tracing.finiteness import is_infinite_only

_FILLS = frozenset({
    "full", "full_like", "new_full", "fill", "masked_fill", "where", "scalar_tensor", "index_fill",
    "constant_pad_nd", "scatter", "clamp", "clamp_min", "clamp_max", "nan_to_num", "index_put",
})  # fmt: skip
"""Ops that write a constant given as a number."""

_HANDS_ON = frozenset({
    "add", "sub", "rsub", "cat", "stack", "where", "masked_fill", "masked_scatter", "scatter",
    "index", "index_select", "index_put", "gather", "select", "slice", "expand", "clone",
    "_to_copy", "copy", "lift_fresh", "maximum", "minimum", "max", "min", "amax", "amin", "aminmax",
    "fmax", "fmin", "clamp", "clamp_min", "clamp_max", "logaddexp", "logsumexp", "_log_softmax",
    "log_softmax", "triu", "tril", "baddbmm", "repeat", "roll", "flip", "constant_pad_nd", "topk",
    "sort", "masked_select", "select_scatter", "slice_scatter", "_foreach_copy", "relu",
    "logcumsumexp", "cummax", "cummin", "unfold", "im2col", "upsample_nearest2d", "index_copy",
    "fill", "index_fill", "embedding", "special_xlog1py", "max_pool2d_with_indices",
    "_safe_softmax", "add_mask",
})  # fmt: skip
"""Ops through which an intended infinity stays one while its sign is kept."""

_SCALES = frozenset({"mul", "div"})
_LOGS = frozenset({"log", "log2", "log10"})


def intended_infinity(
    name: str, tensors: Sequence[torch.Tensor], scalars: Iterable[Any],
    masks: Iterable[float], results: Sequence[torch.Tensor],
) -> float | None:  # fmt: skip
    """Return the infinity that the results are meant to hold, None where they are at fault.

    Args:
        name: aten base name of the op.
        tensors: All tensors that it read.
        scalars: Its arguments that are no tensors.
        masks: The intended infinities among the tensors read.
        results: Those of its results with bad elements.
    """
    found = {is_infinite_only(result) for result in results}
    infinity = found.pop() if len(found) == 1 else None
    if infinity is None:
        return None
    if name in _FILLS and infinity in _numbers(scalars):
        return infinity
    meant = set(masks)
    if infinity in meant and name in _HANDS_ON:
        return infinity
    if meant and (name == "neg" or _is_scaling(name, tensors)):  # -log p of a forbidden class
        return infinity
    if infinity < 0 and (_adds_to_lowest(name, tensors) or _is_log_of_mask(name, tensors)):
        return infinity
    return None


def _numbers(values: Iterable[Any]) -> set[float]:
    return {float(v) for v in values if isinstance(v, (int, float)) and math.isinf(v)}


def _is_scaling(name: str, tensors: Sequence[torch.Tensor]) -> bool:
    """Whether a tensor is only scaled by one number."""
    return name in _SCALES and sum(tensor.numel() > 1 for tensor in tensors) <= 1


def _adds_to_lowest(name: str, tensors: Sequence[torch.Tensor]) -> bool:
    """Whether a score is added to ``finfo.min``: an additive mask that rounds to -inf."""
    if name not in ("add", "sub", "baddbmm"):
        return False
    return any(
        tensor.is_floating_point()
        and tensor.numel() > 0
        and stored_values(tensor).min().item() == torch.finfo(tensor.dtype).min
        for tensor in tensors
    )


def _is_log_of_mask(name: str, tensors: Sequence[torch.Tensor]) -> bool:
    """Whether the logarithm of a constant 0/1 mask is taken to make an additive mask."""
    if name not in _LOGS or not tensors or tensors[0].requires_grad:
        return False
    values = stored_values(tensors[0])
    return values.numel() > 1 and bool(((values == 0) | (values == 1)).all().item())
