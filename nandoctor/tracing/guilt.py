"""Whether an origin only read what a parameter, a buffer or the batch brought along."""

from __future__ import annotations

import torch

from nandoctor.tracing.operands import bad_elements
from nandoctor.tracing.records import Detail, OpRecord
from nandoctor.tracing.storages import Leaf

_LOOKS_ONLY = ("softmax", "attention", "logsumexp")
"""Ops to which an infinite leaf is a mask, not a value."""
_MIXES = frozenset({"mul", "sub", "add", "rsub"})


def guilty_leaf(record: OpRecord, detail: Detail | None) -> Leaf | None:
    """Return the leaf that the op read bad elements from, None where it made them itself."""
    for leaf in record.leaves:
        never_a_mask = leaf.infinity is None or leaf.kind == "parameter"
        if never_a_mask or not _is_meant(record, detail):
            return leaf
    if detail is not None and "batch_norm" in record.name:
        return _negative_variance(detail)
    return None


def _is_meant(record: OpRecord, detail: Detail | None) -> bool:
    """Whether an infinite leaf is a mask to the op, which itself makes the fault of it.

    Attention reads masks; a product or difference that is NaN wherever it is bad is 0 * inf or
    inf - inf (forbidden routes, illegal moves), where a bad value alone would have stayed infinite.
    """
    if any(word in record.name for word in _LOOKS_ONLY):
        return True
    if record.name not in _MIXES or detail is None:
        return False
    bad = bad_elements(detail)
    return bad is not None and any(
        tensor.shape == bad.shape and bool(torch.isnan(tensor[bad]).all())
        for tensor in detail.outputs
    )


def _negative_variance(detail: Detail) -> Leaf | None:
    """Return the running variance that is finite, but no variance."""
    for leaf, tensor in zip(detail.leaves, detail.inputs, strict=True):
        if leaf is not None and leaf.kind == "buffer" and leaf.name.endswith("var"):
            eps = float(detail.scalars.get("eps", 0.0))
            if bool((tensor + eps < 0).any()):
                return leaf
    return None
