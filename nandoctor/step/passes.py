"""The passes of a step, forward and backward, and how one begins."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from itertools import chain
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from nandoctor.batches import map_tensors
from nandoctor.errors import ReplayError
from nandoctor.snapshot import restore_rng
from nandoctor.target import ReplayTarget


@contextlib.contextmanager
def started(target: ReplayTarget) -> Iterator[Any]:
    """Set the RNG, clear the gradients and yield a copy of the batch that the step may spoil."""
    if target.rng is not None:
        restore_rng(target.rng)
    for parameter in target.model.parameters():
        parameter.grad = None
    with torch.enable_grad():
        yield copied_batch(target.batch)


def copied_batch(batch: Any) -> Any:
    """Return a deep copy of a batch; of one that cannot be copied whole, its tensors are."""
    if type(batch) is torch.Tensor and not batch.is_nested:
        return _copied(batch)
    # A deep copy of a jagged tensor has offsets of its own and no longer fits its backward.
    jagged = [x for x in tree_leaves(batch) if isinstance(x, torch.Tensor) and x.is_nested]
    try:
        return copy.deepcopy(batch, {id(x): x.detach().clone() for x in jagged})
    except (RuntimeError, TypeError, copy.Error):
        return map_tensors(batch, _copied)


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def forward(target: ReplayTarget, batch: Any) -> torch.Tensor:
    """Compute the loss under the recorded autocast.

    Raises:
        ReplayError: The loss is not a scalar tensor or carries no gradient.
    """
    with autocast_of(target):
        loss = target.compute_loss(target.model, batch)
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        found = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else repr(type(loss))
        raise ReplayError(
            f"compute_loss returned {found}, not a scalar tensor",
            hint="reduce the loss to one number, e.g. loss.mean()",
        )
    if not loss.requires_grad:
        raise ReplayError(
            "the loss has no gradient: no parameter that requires one reaches it",
            hint="check requires_grad, detach() and torch.no_grad() in the model and the loss",
        )
    return loss


def autocast_of(target: ReplayTarget) -> contextlib.AbstractContextManager[Any]:
    """Return the autocast context that the run recorded."""
    if target.precision.autocast_dtype is None:
        return contextlib.nullcontext()
    dtype = getattr(torch, target.precision.autocast_dtype)
    return torch.autocast(device_of(target.model).type, dtype=dtype)


def device_of(model: torch.nn.Module) -> torch.device:
    """Return the device of the model's first parameter or buffer, the CPU where it has none."""
    tensor = next(chain(model.parameters(), model.buffers()), None)
    return tensor.device if tensor is not None else torch.device("cpu")


def backward(target: ReplayTarget, loss: torch.Tensor) -> None:
    """Run the backward pass of the scaled loss and unscale the gradients."""
    scale = target.precision.loss_scale
    if scale == 1.0:
        torch.autograd.backward(loss)
        return
    # As GradScaler, by a float32 tensor: a loss in half precision does not overflow here.
    torch.autograd.backward(loss * torch.full((), scale, device=loss.device))
    for parameter in target.model.parameters():
        if parameter.grad is not None:
            parameter.grad.div_(scale)
