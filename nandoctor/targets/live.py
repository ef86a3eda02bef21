"""Live objects of a notebook or a test as a target; nothing that was given is changed."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.parameter import is_lazy

from nandoctor.batches import map_tensors
from nandoctor.errors import ReplayError
from nandoctor.snapshot import capture_rng
from nandoctor.step import device_of
from nandoctor.target import Precision, ReplayTarget
from nandoctor.targets.blueprint import ComputeLoss
from nandoctor.targets.devices import choose_device, weights_size
from nandoctor.targets.lightning import is_lightning, training_loss
from nandoctor.targets.loss import checked_loss
from nandoctor.targets.moving import copied_to
from nandoctor.targets.weights import unwrapped


def live_target(
    model: torch.nn.Module,
    batch: Any,
    compute_loss: ComputeLoss | None,
    optimizer: torch.optim.Optimizer | None,
    device: str | None,
) -> ReplayTarget:
    """Build a target from objects in memory; on another device it is a copy that is moved."""
    if not isinstance(model, torch.nn.Module):
        raise ReplayError(f"the model is a {type(model).__name__}", hint="give a torch.nn.Module")
    model = unwrapped(model)
    if lazy := [n for n, p in model.named_parameters() if is_lazy(p)]:
        raise ReplayError(
            f"{lazy[0]} has no values yet", hint="run one forward pass first: it is a lazy module's"
        )
    if compute_loss is None and is_lightning(model):
        compute_loss = training_loss
    moved: torch.device | None = None
    if device is not None:
        chosen, _ = choose_device(device, weights_size(model))
        if chosen.type != device_of(model).type:
            model, optimizer = copied_to(chosen, model, optimizer)
            moved = chosen
        batch = map_tensors(batch, lambda tensor: tensor.to(chosen))
    return ReplayTarget(
        model=model,
        batch=batch,
        compute_loss=checked_loss(compute_loss, device=moved),
        optimizer=optimizer,
        precision=_surrounding_precision(device_of(model).type),
        rng=capture_rng(),
    )


def _surrounding_precision(device: str) -> Precision:
    """Run under the autocast that the caller stands in."""
    if not torch.is_autocast_enabled(device):
        return Precision()
    return Precision(str(torch.get_autocast_dtype(device)).removeprefix("torch."))
