"""The optimizer of the step: the user's, or rebuilt from what the checkpoint recorded."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from nandoctor.errors import NandoctorError
from nandoctor.evidence import Skipped, TrainingState
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.moving import fit_groups
from nandoctor.targets.user_code import first_line, user_code

_ADDS = "whether the update itself turns finite gradients into NaN"
_LIKE_PARAMETER = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg")
"""State tensors that have their parameter's shape in every optimizer of torch."""

Parameters = list[torch.nn.Parameter]


def optimizer_of(
    blueprint: Blueprint,
    model: torch.nn.Module,
    state: Mapping[str, Any] | None,
    training: TrainingState | None,
) -> tuple[torch.optim.Optimizer | None, tuple[Skipped, ...]]:
    """Build the optimizer and load its recorded state; say why where that cannot be done."""
    optimizer = _built(blueprint, model)
    if optimizer is not None and state is not None:
        problem = _loaded(optimizer, state)
        return (None, (Skipped("optimizer state", problem, _ADDS),)) if problem else (optimizer, ())
    if optimizer is not None:
        reason = "the checkpoint holds no optimizer state: simulated from an empty one"
        return optimizer, (Skipped("optimizer state", reason, _ADDS),) if training else ()
    if state is not None:
        for guess in _guesses(model, state, training):
            if not _loaded(guess, state):
                return guess, ()
    reason = "no build_optimizer in the model file, and the checkpoint does not tell which"
    return None, (Skipped("optimizer step", reason, _ADDS),) if training else ()


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


def _loaded(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> str:
    """Load a state; return why it cannot belong to these parameters, empty where it does."""
    try:
        optimizer.load_state_dict(dict(state))
    except (ValueError, KeyError, TypeError, RuntimeError, IndexError) as error:
        return f"it does not fit {type(optimizer).__name__}: {first_line(error)}"
    moved = next((p for group in optimizer.param_groups for p in group["params"]), None)
    fit_groups(optimizer, moved.device if moved is not None else torch.device("cpu"))
    for parameter, tensors in optimizer.state.items():
        for name in _LIKE_PARAMETER:
            value = tensors.get(name)
            if isinstance(value, torch.Tensor) and value.shape != parameter.shape:
                shapes = f"{tuple(value.shape)}, its parameter {tuple(parameter.shape)}"
                return f"it does not fit {type(optimizer).__name__}: {name} has shape {shapes}"
    return ""


def _guesses(
    model: torch.nn.Module, state: Mapping[str, Any], training: TrainingState | None
) -> Iterator[torch.optim.Optimizer]:
    """Yield the recorded optimizer class over the parameters in each of the usual orders."""
    cls: Any = getattr(torch.optim, (training.optimizer if training else None) or "", None)
    groups = state.get("param_groups", [])
    sizes = [len(group["params"]) for group in groups]
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not isinstance(cls, type) or sum(sizes) != len(named):
        return
    taken = inspect.signature(cls).parameters
    for parameters in _orders(named):
        rest = iter(parameters)
        yield cls(
            [
                {**{k: v for k, v in group.items() if k in taken and k != "params"},
                 "params": [next(rest) for _ in range(size)]}
                for group, size in zip(groups, sizes, strict=True)
            ]
        )  # fmt: skip


def _orders(named: list[tuple[str, torch.nn.Parameter]]) -> Iterator[Parameters]:
    """Yield the model's order, then with what weight decay spares put last, by either custom."""
    yield [p for _, p in named]
    spared = ("bias", "norm", "ln_", "layernorm")
    by_name = [(p, any(word in name.lower() for word in spared)) for name, p in named]
    by_shape = [(p, p.ndim < 2) for _, p in named]
    for marked in (by_name, by_shape):
        yield [p for p, last in marked if not last] + [p for p, last in marked if last]
