"""A Lightning module: its ``training_step`` is the loss, ``configure_optimizers`` the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from nandoctor.errors import ReplayError
from nandoctor.targets.blueprint import Blueprint


def is_lightning(model: torch.nn.Module) -> bool:
    """Whether a module trains itself the way Lightning's do."""
    return callable(getattr(model, "training_step", None))


def with_training_step(blueprint: Blueprint, model: torch.nn.Module) -> Blueprint:
    """Take the loss and the optimizer from the module where the file brings none of its own."""
    if not is_lightning(model):
        return blueprint
    configures = callable(getattr(model, "configure_optimizers", None))
    return replace(
        blueprint,
        compute_loss=blueprint.compute_loss or training_loss,
        build_optimizer=blueprint.build_optimizer or (_optimizer if configures else None),
    )


def training_loss(model: Any, batch: Any) -> torch.Tensor:
    """Return the loss of ``training_step(batch, 0)``."""
    output = model.training_step(batch, 0)
    loss = output.get("loss") if isinstance(output, Mapping) else output
    if not isinstance(loss, torch.Tensor):
        raise ReplayError(
            f"training_step returned {type(output).__name__} without a loss",
            hint="manual optimization cannot be replayed: write a compute_loss(model, batch)",
        )
    return loss


def _optimizer(model: Any) -> torch.optim.Optimizer:
    """Return the first optimizer of the many shapes that configure_optimizers may return."""
    configured = model.configure_optimizers()
    while not isinstance(configured, torch.optim.Optimizer):
        if isinstance(configured, Mapping):
            configured = configured["optimizer"]
        elif isinstance(configured, (tuple, list)) and configured:
            configured = configured[0]
        else:
            raise ReplayError(
                f"configure_optimizers returned {type(configured).__name__}",
                hint="write a build_optimizer(model) in the replay file",
            )
    return configured
