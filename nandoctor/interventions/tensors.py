"""Writing other values, or another dtype, into a model and its optimizer, and taking them back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch

from nandoctor.snapshot import put_back


@contextlib.contextmanager
def replaced_values(new: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> Iterator[None]:
    """Write new values into tensors; on leaving, put the old bits back."""
    pairs = list(new)
    backup = [(tensor, tensor.detach().clone()) for tensor, _ in pairs]
    try:
        with torch.no_grad():
            for tensor, value in pairs:
                tensor.detach().copy_(value)
        yield
    finally:
        for tensor, value in backup:
            put_back(tensor, value)


@contextlib.contextmanager
def converted_model(
    model: torch.nn.Module, convert: Callable[[torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    """Give parameters and buffers converted data; on leaving, the very same data again."""
    parameters = list(model.parameters())
    gradients = [parameter.grad for parameter in parameters]
    tensors = {id(t): t for t in [*parameters, *model.buffers()]}.values()
    data = [(tensor, tensor.data) for tensor in tensors]
    try:
        for parameter in parameters:
            parameter.grad = None  # a gradient must have its parameter's dtype
        for tensor, old in data:
            tensor.data = convert(old)
        yield
    finally:
        for parameter in parameters:
            parameter.grad = None
        for tensor, old in data:
            tensor.data = old
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient


@contextlib.contextmanager
def converted_optimizer(
    optimizer: torch.optim.Optimizer | None, convert: Callable[[torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    """Give the optimizer converted state tensors; on leaving, its own again."""
    states = {} if optimizer is None else {p: dict(s) for p, s in optimizer.state.items()}
    try:
        if optimizer is not None:
            for parameter, state in states.items():
                optimizer.state[parameter] = {k: _converted(v, convert) for k, v in state.items()}
        yield
    finally:
        if optimizer is not None:
            optimizer.state.clear()
            optimizer.state.update(states)


def _converted(value: Any, convert: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    return convert(value) if isinstance(value, torch.Tensor) else value


@contextlib.contextmanager
def changed_groups(
    optimizer: torch.optim.Optimizer, new: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Iterator[None]:
    """Change hyper-parameters of every param group; on leaving, put the old ones back."""
    groups = [dict(group) for group in optimizer.param_groups]
    try:
        for group in optimizer.param_groups:
            group.update(new(group))
        yield
    finally:
        for group, old in zip(optimizer.param_groups, groups, strict=True):
            group.clear()
            group.update(old)
