"""Putting a checkpoint's tensors into a model, and saying exactly what does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from nandoctor.errors import ReplayError
from nandoctor.evidence import Skipped
from nandoctor.targets.library_names import as_library_names


def unwrapped(model: torch.nn.Module) -> torch.nn.Module:
    """Return the module inside DataParallel, DistributedDataParallel and torch.compile."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__ in _WRAPPERS:
            inner = getattr(model, "module", None)
        if not isinstance(inner, torch.nn.Module):
            return model
        model = inner


_WRAPPERS = ("DataParallel", "DistributedDataParallel", "FullyShardedDataParallel")


def load_weights(
    model: torch.nn.Module, state: Mapping[str, torch.Tensor], path: str, *, allow_mismatch: bool
) -> tuple[Skipped, ...]:
    """Load a state into a model, strictly unless ``allow_mismatch``.

    A float32 tensor takes the checkpoint's dtype: the crash happened in it. A dtype that the
    model's author chose stays.

    Raises:
        ReplayError: Names the missing, unexpected and differently shaped tensors.
    """
    own = plain_state(model)
    state = under_own_names(state, model)
    missing = [name for name in own if name not in state and not _is_tied(name, own, state)]
    unexpected = [name for name in state if name not in own]
    common = [name for name in own if name in state]
    misshapen = [name for name in common if own[name].shape != state[name].shape]
    problems = _problems(missing, unexpected, misshapen, own, state)
    if problems and not allow_mismatch:
        raise ReplayError(
            f"{path} does not fit the model: {problems}",
            hint="build the model as it was trained, or load what fits with --allow-mismatch",
        )
    for name in common:
        if name not in misshapen:
            _put(own[name], state[name])
    if not problems:
        return ()
    return (Skipped(f"part of {path}", problems, "a replay of the model that crashed"),)


def under_own_names(
    state: Mapping[str, torch.Tensor], model: torch.nn.Module
) -> Mapping[str, torch.Tensor]:
    """Return a state under the plain names of a model, as far as they can be told."""
    own = plain_state(model)
    near = aligned(state, own)
    if own.keys() - near.keys() and near.keys() - own.keys():
        return as_library_names(model, state) or near
    return near


def plain_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a model's own tensors by their names without what wrappers inside it add."""
    named = model.state_dict(keep_vars=True)
    return {_INSIDE.sub("", name): tensor for name, tensor in named.items()}


_INSIDE = re.compile(r"\b(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")


def _put(tensor: torch.Tensor, value: torch.Tensor) -> None:
    is_wide = value.is_floating_point() and value.element_size() > 1
    dtype = value.dtype if is_wide and tensor.dtype == torch.float32 else tensor.dtype
    with torch.no_grad():
        if dtype != tensor.dtype:
            tensor.data = tensor.data.to(dtype)
        tensor.detach().copy_(value)


def _is_tied(name: str, own: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether a tensor that the file lacks shares its memory with one that it holds."""
    mine = own[name]
    return mine.numel() > 0 and any(
        other in state and own[other].data_ptr() == mine.data_ptr() for other in own
    )


def aligned(
    state: Mapping[str, torch.Tensor], own: Mapping[str, Any]
) -> Mapping[str, torch.Tensor]:
    """Drop or add one leading name (``model.``, ``net.``) where that makes the names agree."""
    best, most = state, len(own.keys() & state.keys())
    if most == len(own):
        return state
    prefixes = {name.split(".", 1)[0] + "." for name in state if "." in name}
    for prefix in sorted(prefixes):
        inner = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
        if len(own.keys() & inner.keys()) > most:
            best, most = inner, len(own.keys() & inner.keys())
    for prefix in sorted({name.split(".", 1)[0] + "." for name in own if "." in name}):
        outer = {prefix + name: value for name, value in state.items()}
        if len(own.keys() & outer.keys()) > most:
            best, most = outer, len(own.keys() & outer.keys())
    return best


def _problems(
    missing: list[str],
    unexpected: list[str],
    misshapen: list[str],
    own: Mapping[str, Any],
    state: Mapping[str, torch.Tensor],
) -> str:
    parts = []
    if missing:
        parts.append(f"missing {_listed(missing)}")
    if unexpected:
        parts.append(f"unexpected {_listed(unexpected)}")
    if misshapen:
        shapes = [f"{n} {tuple(state[n].shape)} vs {tuple(own[n].shape)}" for n in misshapen]
        parts.append(f"shape (checkpoint vs model) {_listed(shapes)}")
    return "; ".join(parts)


def _listed(names: list[str], limit: int = 4) -> str:
    shown = ", ".join(names[:limit])
    return f"{len(names)}: {shown}" + (f" and {len(names) - limit} more" if names[limit:] else "")
