"""The operands of an op with the elements that made its result bad."""

from __future__ import annotations

import torch

from nandoctor.evidence import OpTensor
from nandoctor.tracing.finiteness import can_be_bad
from nandoctor.tracing.offending import bad_mask, first_indices, offending_indices
from nandoctor.tracing.records import Detail
from nandoctor.tracing.stats import tensor_stats

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
        mask = bad_mask(tensor)
        indices = first_indices(mask) if mask is not None else ()
        stats = tensor_stats(f"output {position}", "activation", tensor)
        values = tuple(_number(tensor, index) for index in indices)
        found.append(OpTensor(stats, values, indices))
    return tuple(found)


def bad_elements(detail: Detail) -> torch.Tensor | None:
    """Return the mask of the first bad result."""
    masks = (bad_mask(tensor) for tensor in detail.outputs)
    return next((mask for mask in masks if mask is not None and bool(mask.any())), None)


def _number(tensor: torch.Tensor, index: tuple[int, ...]) -> float:
    value = tensor[index]
    return float(value.abs() if value.is_complex() else value)
