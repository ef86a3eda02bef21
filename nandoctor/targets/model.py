"""The model of the failing step: built, loaded, in train mode, on its device."""

from __future__ import annotations

import torch

from nandoctor.checkpoints import LoadedState
from nandoctor.errors import ReplayError
from nandoctor.evidence import Skipped
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.cpu_autocast import autocast_on
from nandoctor.targets.devices import choose_device, weights_size
from nandoctor.targets.user_code import user_code
from nandoctor.targets.weights import load_weights, unwrapped


def loaded_model(
    blueprint: Blueprint,
    state: LoadedState | None,
    path: str,
    *,
    device: torch.device,
    allow_mismatch: bool,
) -> tuple[torch.nn.Module, torch.dtype | None, tuple[Skipped, ...]]:
    """Build the model, load it and put it into train mode on its device.

    Also return its dtype where the checkpoint changed it, and what of the checkpoint did not fit.

    Args:
        path: The checkpoint, for messages.

    Raises:
        ReplayError: build_model raises or returns no module, or the state does not fit.
    """
    model = _built(blueprint, device)
    if state is None and device.type != "cpu":
        device, _ = choose_device(str(device), weights_size(model))
    before = _float_dtypes(model)
    unfit: tuple[Skipped, ...] = ()
    if state is not None:
        unfit = load_weights(model, state.model, path, allow_mismatch=allow_mismatch)
    after = _float_dtypes(model)
    if not model.training:
        model.train()
    if state is not None and state.training.config.get("gradient_checkpointing") is True:
        enable = getattr(model, "gradient_checkpointing_enable", None)
        if callable(enable):
            enable()
    dtype = next(iter(after)) if len(after) == 1 and after != before else None
    return model.to(device), dtype, unfit


def _built(blueprint: Blueprint, device: torch.device) -> torch.nn.Module:
    with user_code("build_model", [blueprint.origin]), autocast_on(device):
        model = blueprint.build_model()
    if not isinstance(model, torch.nn.Module):
        raise ReplayError(
            f"{blueprint.origin}: build_model returned {type(model).__name__}",
            hint="return a torch.nn.Module",
        )
    return unwrapped(model)


def _float_dtypes(model: torch.nn.Module) -> set[torch.dtype]:
    return {p.dtype for p in model.parameters() if p.is_floating_point()}
