"""Where the batch of the failing step comes from: a file, the data stream, or (said so) made up."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nandoctor.batches import MicroBatches
from nandoctor.checkpoints import load_batch
from nandoctor.errors import ReplayError
from nandoctor.evidence import Skipped
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.synthetic import synthetic_batch
from nandoctor.targets.user_code import user_code

SAVE_IT = 'save it at the failing step: torch.save(batch, "batch.pt"), or write make_batch(step)'


class NoBatchError(ReplayError):
    """There is no batch to replay the step with, and none can be made up."""


@dataclass(frozen=True)
class BatchSource:
    """A batch and how faithful it is."""

    batch: Any
    is_synthetic: bool = False
    skipped: tuple[Skipped, ...] = ()


def batch_of(
    given: Any, blueprint: Blueprint, model: torch.nn.Module, step: int | None
) -> BatchSource:
    """Return the batch of the failing step.

    Args:
        given: A path, a batch, or None.
        blueprint: What the model file offers.
        model: For the shapes of a made-up batch.
        step: The step of the checkpoint.

    Raises:
        UnreadableInputError: The file is no batch.
        NoBatchError: None was saved, and neither file nor model tells how to make one.
    """
    if given is not None:
        batch = load_batch(given) if isinstance(given, (str, Path)) else given
        return BatchSource(as_micro_batches(batch))
    if blueprint.make_batch is not None:
        with user_code("make_batch", [blueprint.origin]):
            batch = blueprint.make_batch(step or 0)
        reason = "" if step is not None else "the checkpoint tells no step: made for step 0"
        said = (Skipped("saved batch", reason, "the batch that crashed"),) if reason else ()
        return BatchSource(as_micro_batches(batch), skipped=said)
    batch = synthetic_batch(model)
    if batch is None:
        raise NoBatchError("there is no batch to replay the step with", hint=SAVE_IT)
    reason = f"no batch was saved: replayed on a made-up one of the right shapes; {SAVE_IT}"
    adds = "every fault that hangs on the data: the samples, the op, the line"
    return BatchSource(batch, True, (Skipped("saved batch", reason, adds),))


def as_micro_batches(batch: Any) -> Any:
    """Take a list of two or more like batches for the micro-batches of one step."""
    if type(batch) is not list or len(batch) < 2:
        return batch
    kinds = {_kind(part) for part in batch}
    return MicroBatches(batch) if len(kinds) == 1 and None not in kinds else batch


def _kind(part: Any) -> Any:
    """Return what micro-batches of one step have in common, None for what is no batch."""
    if isinstance(part, Mapping):
        return tuple(part)
    if isinstance(part, (tuple, list)) and any(isinstance(item, torch.Tensor) for item in part):
        return len(part)
    return type(part) if dataclasses.is_dataclass(part) else None
