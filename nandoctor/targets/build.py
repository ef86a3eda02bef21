"""From a model reference and a checkpoint to the failing step; each part stands in its own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from nandoctor.batches import map_tensors
from nandoctor.checkpoints import load_state
from nandoctor.errors import NandoctorError, ReplayError
from nandoctor.evidence import MetricHistory, Skipped
from nandoctor.snapshot import capture_rng
from nandoctor.step import device_of
from nandoctor.target import ReplayTarget
from nandoctor.targets.batch_source import batch_of
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.devices import choose_device, stored_size
from nandoctor.targets.huggingface import is_huggingface, open_huggingface
from nandoctor.targets.lightning import with_training_step
from nandoctor.targets.loss import checked_loss
from nandoctor.targets.model import loaded_model
from nandoctor.targets.optimizers import optimizer_of
from nandoctor.targets.recorded import precision_of, recorded_metrics, usable_rng
from nandoctor.targets.synthetic import synthetic_loss
from nandoctor.targets.user_file import open_function, open_user_file
from nandoctor.targets.weights import plain_state, under_own_names

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Request:
    """What the user named; see ``nandoctor.targets.build_target``."""

    model: str
    checkpoint: Path | None
    batch: Any
    loss: str | None
    last_good: Path | None
    device: str
    allow_mismatch: bool
    history: MetricHistory | None


def build(request: Request, progress: Progress) -> tuple[ReplayTarget, tuple[Skipped, ...]]:
    """Build the target, and say what could not be made as it was."""
    progress("loading the model file", 0.0)
    blueprint = open_reference(request.model)
    if request.loss:
        blueprint = replace(blueprint, compute_loss=open_function(request.loss, "compute_loss"))
    source = request.checkpoint or blueprint.weights
    device, moved = choose_device(request.device, stored_size(source) if source else 0)
    progress("reading the checkpoint", 0.2)
    state = load_state(source) if source else None
    progress("building the model", 0.5)
    is_loaded = source is not None and blueprint.loaded in (source, source.parent)
    model, dtype, unfit = loaded_model(
        blueprint,
        None if is_loaded else state,
        str(source),
        device=device,
        allow_mismatch=request.allow_mismatch,
    )
    device = device_of(model)
    blueprint = with_training_step(blueprint, model)
    training = state.training if state and request.checkpoint else None
    progress("loading the batch", 0.8)
    optimizer, no_optimizer = optimizer_of(
        blueprint, model, state.optimizer if state else None, training
    )
    found = batch_of(request.batch, blueprint, model, training.step if training else None)
    fit = partial(_fitted, device=device, dtype=dtype)
    last_good, no_last_good = _last_good(request.last_good, model)
    rng = {**capture_rng(), **usable_rng(state.rng if state else {})}
    loss = synthetic_loss if found.is_synthetic else blueprint.compute_loss
    target = ReplayTarget(
        model=model,
        batch=map_tensors(found.batch, fit),
        compute_loss=checked_loss(loss, (blueprint.origin, *_file_of(request.loss)), device),
        optimizer=optimizer,
        precision=precision_of(training),
        max_grad_norm=training.max_grad_norm if training else None,
        rng=rng,
        last_good=last_good,
        other_batch=_other_batch(blueprint, training.step if training else None, fit),
        recorded=recorded_metrics(training, request.history),
        is_batch_synthetic=found.is_synthetic,
    )
    return target, (*moved, *unfit, *no_optimizer, *found.skipped, *no_last_good)


def open_reference(reference: str) -> Blueprint:
    """Return what a model reference offers, whatever its kind.

    Raises:
        ReplayError: Nothing there, or it cannot be executed.
        MissingExtraError: The library that it needs is not installed.
    """
    path = Path(reference)
    if is_huggingface(path):
        return open_huggingface(path)
    if path.is_dir():
        raise ReplayError(
            f"{path} holds no config.json", hint="give a FILE.py or a Hugging Face directory"
        )
    return open_user_file(reference)


def _file_of(reference: str | None) -> tuple[str, ...]:
    return (str(Path(reference.rpartition(":")[0] or reference).resolve()),) if reference else ()


def _fitted(
    tensor: torch.Tensor, *, device: torch.device, dtype: torch.dtype | None
) -> torch.Tensor:
    if dtype is not None and tensor.is_floating_point():
        tensor = tensor.to(dtype)
    return tensor.to(device)


def _last_good(
    path: Path | None, model: torch.nn.Module
) -> tuple[Mapping[str, Any] | None, tuple[Skipped, ...]]:
    if path is None:
        return None, ()
    try:
        state = under_own_names(load_state(path).model, model)
        names = dict(zip(plain_state(model), model.state_dict(), strict=True))
        return {names.get(name, name): value for name, value in state.items()}, ()
    except NandoctorError as error:
        adds = "whether the weights or the data are to blame"
        return None, (Skipped(str(path), error.message, adds),)


def _other_batch(
    blueprint: Blueprint, step: int | None, fit: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[], Any] | None:
    make = blueprint.other_batch
    if make is None or step is None:
        return None
    other = step - 1 if step > 0 else step + 1
    return lambda: map_tensors(make(other), fit)
