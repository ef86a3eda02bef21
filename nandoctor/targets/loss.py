"""The loss of a step: the user's function or the default, with errors that name their cause."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import torch

from nandoctor.batches import MicroBatches
from nandoctor.errors import NandoctorError, ReplayError
from nandoctor.targets.blueprint import ComputeLoss
from nandoctor.targets.user_code import user_code


def default_loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
    """Return the model's output if it is a scalar, else its ``loss``.

    A mapping is passed as keywords, a tuple or list as positional arguments.
    """
    output = _called(model, batch)
    if isinstance(output, torch.Tensor):
        return output
    loss = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    if loss is None and isinstance(output, (tuple, list)) and output:
        loss = output[0]
    if not isinstance(loss, torch.Tensor):
        raise ReplayError(
            f"the model returned {type(output).__name__} without a loss",
            hint="write compute_loss(model, batch) in the replay file, or put labels in the batch",
        )
    return loss


def _called(model: torch.nn.Module, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    if isinstance(batch, (tuple, list)):
        return model(*batch)
    return model(batch)


def checked_loss(compute_loss: ComputeLoss | None, files: tuple[str, ...] = ()) -> ComputeLoss:
    """Return the loss function with errors that a user can act on.

    Micro-batches are summed as they come: a file that trains with accumulation divides inside its
    own compute_loss, or the loss is that of an undivided accumulation.
    """
    function = compute_loss or default_loss
    if compute_loss is not None:
        _check_arity(compute_loss)

    def loss_of(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        if isinstance(batch, MicroBatches):
            losses = [loss_of(model, part) for part in batch]
            return torch.stack([loss.reshape(()) for loss in losses]).sum()
        try:
            with user_code("compute_loss" if compute_loss else "the model", files):
                return function(model, batch)
        except ReplayError as error:
            raise _explained(error, model, batch) from error.__cause__

    return loss_of


def _check_arity(compute_loss: ComputeLoss) -> None:
    try:
        inspect.signature(compute_loss).bind(None, None)
    except TypeError as error:
        name = getattr(compute_loss, "__name__", "compute_loss")
        raise ReplayError(
            f"{name} cannot be called with (model, batch): {error}",
            hint="write it as def compute_loss(model, batch) -> scalar tensor",
        ) from error
    except ValueError:
        return  # a builtin without a signature: the call will tell


_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")
_MISSING = re.compile(r"missing \d+ required .*argument")


def _explained(error: ReplayError, model: torch.nn.Module, batch: Any) -> NandoctorError:
    """Name the batch's keys where the model's forward does not take them."""
    key = _UNEXPECTED.search(error.message)
    if isinstance(batch, Mapping) and (key or _MISSING.search(error.message)):
        taken = [n for n in inspect.signature(model.forward).parameters if n != "self"]
        return ReplayError(
            error.message,
            hint=f"the batch has {', '.join(map(str, batch))}; "
            f"{type(model).__name__}.forward takes {', '.join(taken)}",
        )
    return error
