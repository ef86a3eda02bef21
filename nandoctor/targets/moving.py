"""A model, its optimizer and a whole step on another device: as copies, the originals stay."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch

from nandoctor.batches import map_tensors
from nandoctor.errors import DeviceMemoryError
from nandoctor.step import device_of
from nandoctor.target import ReplayTarget
from nandoctor.targets.cpu_autocast import autocast_on
from nandoctor.targets.devices import free_memory, size_words, weights_size

_LEAST_COPIES = 3
"""Weights, gradients and the backup that makes a replay reversible."""


def moved_to_cpu(target: ReplayTarget) -> ReplayTarget:
    """Return the step on the CPU.

    Raises:
        DeviceMemoryError: It does not fit into the host's memory either.
    """
    cpu = torch.device("cpu")
    needed, free = _LEAST_COPIES * weights_size(target.model), free_memory(cpu)
    if free is not None and needed > free:
        raise DeviceMemoryError(
            f"out of memory on {device_of(target.model)}, and the CPU has {size_words(free)} free "
            f"of the {size_words(needed)} that the step needs",
            hint="replay with fewer samples, or on a larger machine",
        )
    model, optimizer = copied_to(cpu, target.model, target.optimizer)
    other = target.other_batch

    def compute_loss(model: torch.nn.Module, batch: Any) -> torch.Tensor:
        with autocast_on(cpu):
            return target.compute_loss(model, batch)

    return replace(
        target,
        model=model,
        optimizer=optimizer,
        batch=map_tensors(target.batch, torch.Tensor.cpu),
        compute_loss=compute_loss,
        other_batch=(lambda: map_tensors(other(), torch.Tensor.cpu)) if other else None,
    )


def copied_to(
    device: torch.device, model: torch.nn.Module, optimizer: torch.optim.Optimizer | None
) -> tuple[torch.nn.Module, torch.optim.Optimizer | None]:
    """Return copies on another device that still belong together; no memory is used on their own.

    Tensors that modules or the optimizer keep as plain attributes go along.
    """
    steps = [s["step"] for s in optimizer.state.values() if "step" in s] if optimizer else []
    host = {id(step) for step in steps if not _keeps_steps_on_device(optimizer, device)}
    memo: dict[int, Any] = {}
    for tensor in _tensors_of(model, optimizer):
        place = torch.device("cpu") if id(tensor) in host else device
        moved = tensor.detach().to(place, copy=True)
        is_parameter = isinstance(tensor, torch.nn.Parameter)
        memo[id(tensor)] = (
            torch.nn.Parameter(moved, tensor.requires_grad) if is_parameter else moved
        )
    pair = copy.deepcopy((model, optimizer), memo)
    fit_groups(pair[1], device)
    return pair


def fit_groups(optimizer: torch.optim.Optimizer | None, device: torch.device) -> None:
    """Switch off what the optimizer can do on a GPU only, where it stands on the CPU."""
    for group in optimizer.param_groups if optimizer and device.type == "cpu" else ():
        for switch, value in (("capturable", False), ("fused", None)):
            if group.get(switch):
                group[switch] = value


def _keeps_steps_on_device(optimizer: torch.optim.Optimizer | None, device: torch.device) -> bool:
    groups = optimizer.param_groups if optimizer else []
    on_device = any(group.get("capturable") or group.get("fused") for group in groups)
    return device.type != "cpu" and on_device


def _tensors_of(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer | None
) -> list[torch.Tensor]:
    attributes = (value for module in model.modules() for value in vars(module).values())
    states = optimizer.state.values() if optimizer else ()
    held = [*attributes, *(value for state in states for value in state.values())]
    further = [p for g in optimizer.param_groups for p in g["params"]] if optimizer else []
    tensors = [value for value in held if isinstance(value, torch.Tensor)]
    found = [*model.parameters(), *model.buffers(), *tensors, *further]
    return list({id(tensor): tensor for tensor in found}.values())
