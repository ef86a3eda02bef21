"""The loss of a step: the user's function or the default, with errors that name their cause."""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from nandoctor.batches import MicroBatches
from nandoctor.errors import NandoctorError, ReplayError
from nandoctor.targets.blueprint import ComputeLoss
from nandoctor.targets.cpu_autocast import autocast_on
from nandoctor.targets.user_code import first_line, hint_for, place_of


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


def checked_loss(
    compute_loss: ComputeLoss | None,
    files: tuple[str, ...] = (),
    device: torch.device | None = None,
) -> ComputeLoss:
    """Return the loss function with errors that a user can act on.

    Micro-batches are summed as they come: a file that trains with accumulation divides inside its
    own compute_loss, or the loss is that of an undivided accumulation.

    Args:
        compute_loss: The user's function; None = the default.
        files: The user's files, whose lines errors name.
        device: Where the step was moved to; autocast regions follow. None = it was not moved.
    """
    function = compute_loss or default_loss
    moved = partial(autocast_on, device) if device else contextlib.nullcontext
    if compute_loss is not None:
        _check_arity(compute_loss)

    def loss_of(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        if isinstance(batch, MicroBatches):
            losses = [loss_of(model, part) for part in batch]
            return torch.stack([loss.reshape(()) for loss in losses]).sum()
        try:
            with contextlib.redirect_stdout(sys.stderr), moved():
                return function(model, batch)
        except Exception as error:
            if isinstance(error, NandoctorError) or not _is_interface(error):
                raise  # a model may well raise because of the NaN: that is for the tracer to judge
            what = "compute_loss" if compute_loss else "the model"
            raise _explained(error, what, files, model, batch) from error

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


_UNFIT = re.compile(
    r"same dtype|scalar type|same device|mat1 and mat2|size mismatch|must match the size"
    r"|shapes? cannot be multiplied|expected input|is invalid for input of size|not implemented for"
)


def _is_interface(error: Exception) -> bool:
    """Whether an error says that model, loss and batch do not fit together, NaN or not."""
    kinds = (TypeError, KeyError, AttributeError, NameError, ImportError, NotImplementedError)
    return isinstance(error, kinds) or bool(_UNFIT.search(str(error)))


def _explained(
    error: Exception, what: str, files: tuple[str, ...], model: torch.nn.Module, batch: Any
) -> ReplayError:
    """Say where it was raised, and name the batch's keys where the forward does not take them."""
    text = first_line(error)
    hint = hint_for(error)
    if isinstance(batch, Mapping) and (_UNEXPECTED.search(text) or _MISSING.search(text)):
        taken = [n for n in inspect.signature(model.forward).parameters if n != "self"]
        hint = (
            f"the batch has {', '.join(map(str, batch))}; "
            f"{type(model).__name__}.forward takes {', '.join(taken)}"
        )
    elif isinstance(batch, Mapping) and isinstance(error, KeyError):
        hint = f"the batch has {', '.join(map(str, batch))}"
    place = place_of(error, files)
    return ReplayError(f"{place}{what} raised {type(error).__name__}: {text}", hint=hint)
