"""The optimizer of the step: the user's, or rebuilt from what the checkpoint recorded."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from nandoctor.errors import NandoctorError
from nandoctor.evidence import Skipped, TrainingState
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.user_code import first_line, user_code

_ADDS = "whether the update itself turns finite gradients into NaN"


def optimizer_of(
    blueprint: Blueprint,
    model: torch.nn.Module,
    state: Mapping[str, Any] | None,
    training: TrainingState | None,
) -> tuple[torch.optim.Optimizer | None, tuple[Skipped, ...]]:
    """Build the optimizer and load its recorded state; say why where that cannot be done."""
    optimizer = _built(blueprint, model)
    if optimizer is None and state is not None:
        optimizer = _guessed(model, state, training)
    if optimizer is None:
        if training is None:
            return None, ()
        reason = "no build_optimizer in the model file, and the checkpoint does not tell which"
        return None, (Skipped("optimizer step", reason, _ADDS),)
    if state is None:
        if training is None:
            return optimizer, ()
        reason = "the checkpoint holds no optimizer state: simulated from an empty one"
        return optimizer, (Skipped("optimizer state", reason, _ADDS),)
    try:
        optimizer.load_state_dict(dict(state))
    except (ValueError, KeyError, TypeError, RuntimeError, IndexError) as error:
        reason = f"it does not fit {type(optimizer).__name__}: {first_line(error)}"
        return None, (Skipped("optimizer state", reason, _ADDS),)
    misfit = _misfit(optimizer)
    if misfit:
        return None, (Skipped("optimizer state", misfit, _ADDS),)
    return optimizer, ()


def _built(blueprint: Blueprint, model: torch.nn.Module) -> torch.optim.Optimizer | None:
    if blueprint.build_optimizer is None:
        return None
    with user_code("build_optimizer", [blueprint.origin]):
        optimizer = blueprint.build_optimizer(model)
    if isinstance(optimizer, (tuple, list)) and optimizer:
        optimizer = optimizer[0]
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise NandoctorError(
            f"{blueprint.origin}: build_optimizer returned {type(optimizer).__name__}",
            hint="return a torch.optim.Optimizer",
        )
    return optimizer


def _guessed(
    model: torch.nn.Module, state: Mapping[str, Any], training: TrainingState | None
) -> torch.optim.Optimizer | None:
    """Build the recorded optimizer class over the parameters in the model's order."""
    cls: Any = getattr(torch.optim, (training.optimizer if training else None) or "", None)
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = state.get("param_groups", [])
    if not isinstance(cls, type) or sum(len(g["params"]) for g in groups) != len(parameters):
        return None
    taken = inspect.signature(cls).parameters
    split, start = [], 0
    for group in groups:
        size = len(group["params"])
        known = {k: v for k, v in group.items() if k in taken and k != "params"}
        split.append({**known, "params": parameters[start : start + size]})
        start += size
    optimizer: torch.optim.Optimizer = cls(split)
    return optimizer


def _misfit(optimizer: torch.optim.Optimizer) -> str:
    """Return why a loaded state cannot belong to these parameters."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if not isinstance(value, torch.Tensor) or value.ndim == 0 or name == "step":
                continue
            if value.shape != parameter.shape and value.numel() == parameter.numel():
                return (
                    f"{name} has shape {tuple(value.shape)}, its parameter {tuple(parameter.shape)}"
                )
    return ""
