"""Every tensor that stands before the step, by name: model, batch and optimizer state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from nandoctor.batches import array_tensors, named_tensors
from nandoctor.step import nonfinite_names
from nandoctor.target import ReplayTarget
from nandoctor.tracing.finiteness import can_be_bad, is_infinite_only
from nandoctor.tracing.storages import Leaf, LeafKind, Leaves


def leaves_of(target: ReplayTarget, batch: Any, known: dict[str, Leaf] | None = None) -> Leaves:
    """Return the leaves of a step.

    Args:
        batch: The copy of the batch that the step runs on.
        known: What an earlier call found out, by ``kind:name``; spares looking at them again.
    """
    named = [(k, n, t) for k, n, t in _named(target, batch) if can_be_bad(t)]
    if known is None:
        known = _examined(named)
    leaves = Leaves()
    arrays = {name for name, _ in array_tensors(batch)}
    for kind, name, tensor in named:
        is_array = kind == "batch" and name in arrays
        add = leaves.add_array if is_array else leaves.add
        add(known.get(f"{kind}:{name}") or Leaf(name, kind), tensor)
    return leaves


def bad_leaves(target: ReplayTarget) -> dict[str, Leaf]:
    """Return the leaves that hold a NaN or an Inf, by ``kind:name``."""
    return _examined([(k, n, t) for k, n, t in _named(target, target.batch) if can_be_bad(t)])


def leaf_tensors(target: ReplayTarget) -> dict[str, torch.Tensor]:
    """Return every leaf by ``kind:name``."""
    return {f"{kind}:{name}": tensor for kind, name, tensor in _named(target, target.batch)}


def module_names(target: ReplayTarget) -> dict[int, str]:
    """Return the dotted path of each module, the first where it is shared, by id."""
    return {id(module): name for name, module in target.model.named_modules()}


def _examined(named: list[tuple[LeafKind, str, torch.Tensor]]) -> dict[str, Leaf]:
    """Look at all leaves with one wait for the device, then closely at the suspicious ones."""
    bad = set(nonfinite_names([(f"{k}:{n}", t) for k, n, t in named if not t.is_meta]))
    found = {f"{k}:{n}": (k, n, t) for k, n, t in named}
    return {
        key: Leaf(name, kind, True, is_infinite_only(tensor))
        for key, (kind, name, tensor) in found.items()
        if key in bad
    }


def _named(target: ReplayTarget, batch: Any) -> Iterator[tuple[LeafKind, str, torch.Tensor]]:
    parameters = list(target.model.named_parameters())
    for name, parameter in parameters:
        yield "parameter", name, parameter
    yield from (("buffer", name, buffer) for name, buffer in target.model.named_buffers())
    for name, module in target.model.named_modules():
        for key, table in _plain_tensors(module):
            yield "buffer", f"{name}.{key}" if name else key, table
    yield from (("batch", name, tensor) for name, tensor in named_tensors(batch))
    yield from (("batch", name, tensor) for name, tensor in array_tensors(batch))
    if target.optimizer is not None:
        names = {id(parameter): name for name, parameter in parameters}
        for owner, state in target.optimizer.state.items():
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    yield "state", f"{key}.{names.get(id(owner), '?')}", value


def _plain_tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield tensors kept as plain attributes: tables that nobody registered as buffers."""
    for key, value in vars(module).items():
        if isinstance(value, torch.Tensor):
            yield key, value
        elif isinstance(value, (list, tuple)) and len(value) <= 64:
            for position, item in enumerate(value):
                if isinstance(item, torch.Tensor):
                    yield f"{key}.{position}", item
