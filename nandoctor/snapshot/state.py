"""Model, optimizer and generators as they stood before a run, to be put back after each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from nandoctor.snapshot.attributes import Attributes
from nandoctor.snapshot.bits import Backup
from nandoctor.snapshot.captured import captured_parameters
from nandoctor.snapshot.rng import capture_rng, restore_rng
from nandoctor.snapshot.switches import preserved_switches
from nandoctor.target import ReplayTarget


@contextlib.contextmanager
def preserved(target: ReplayTarget, snapshot: Snapshot | None = None) -> Iterator[None]:
    """Put back, bit for bit, all that a run of the target may change.

    Args:
        snapshot: One taken of the state that stands now; spares taking it once more.
    """
    with preserved_switches():
        snapshot = snapshot or Snapshot(target)
        try:
            snapshot.set_gradients_aside()
            yield
        finally:
            try:
                snapshot.put_back()
            except KeyboardInterrupt:  # half put back is worse than a moment's delay
                snapshot.put_back()
                raise


class Snapshot:
    """What a run of a target may change, as it stands at the call; good for any number of runs."""

    def __init__(self, target: ReplayTarget) -> None:
        optimizer = target.optimizer
        parameters = [*target.model.parameters(), *_further_parameters(target)]
        tensors = [*parameters, *target.model.buffers()]
        self._memory = [(tensor, tensor.detach(), _memory(tensor)) for tensor in tensors]
        self._backup = Backup(tensors)
        beside = [p for p in captured_parameters(target.compute_loss) if p.requires_grad]
        self._gradients = [(p, p.grad, p.requires_grad) for p in [*parameters, *beside]]
        self._attributes = [Attributes(module) for module in target.model.modules()]
        self._optimizer = OptimizerState(optimizer) if optimizer is not None else None
        self._rng = capture_rng()

    def set_gradients_aside(self) -> None:
        """Give every parameter no gradient: a backward pass would add to those that stand."""
        for parameter, _, _ in self._gradients:
            parameter.grad = None

    def put_back(self) -> None:
        """Restore everything; what did not change is not written."""
        for attributes in self._attributes:
            attributes.put_back()
        for tensor, original, memory in self._memory:
            if _memory(tensor) != memory:
                tensor.data = original
        self._backup.put_back()
        for parameter, gradient, requires_grad in self._gradients:
            parameter.grad = gradient
            if parameter.requires_grad is not requires_grad:
                parameter.requires_grad_(requires_grad)
        if self._optimizer is not None:
            self._optimizer.put_back()
        restore_rng(self._rng)


def _memory(tensor: torch.Tensor) -> tuple[object, ...]:
    """Return what differs where a step gave a tensor other memory (``p.data = …``, ``half()``)."""
    where = tensor.data_ptr() if tensor.layout is torch.strided else 0
    return where, tensor.dtype, tensor.shape


def _further_parameters(target: ReplayTarget) -> list[torch.Tensor]:
    """Return what the optimizer moves beside the model: a temperature, the weights of a loss."""
    if target.optimizer is None:
        return []
    own = {id(parameter) for parameter in target.model.parameters()}
    moved = (p for group in target.optimizer.param_groups for p in group["params"])
    return [parameter for parameter in moved if id(parameter) not in own]


class OptimizerState:
    """The state tensors and hyper-parameters of an optimizer as they were."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer
        self._groups = [dict(group) for group in optimizer.param_groups]
        self._states = [(p, state, dict(state)) for p, state in optimizer.state.items()]
        saved = [*(items for *_, items in self._states), *self._groups]
        values: list[Any] = [value for items in saved for value in items.values()]
        self._backup = Backup([value for value in values if isinstance(value, torch.Tensor)])
        # LBFGS keeps its history in lists.
        self._histories = [(v, v.copy()) for v in values if isinstance(v, list)]

    def put_back(self) -> None:
        """Restore groups, states and their tensors."""
        for history, entries in self._histories:
            history[:] = entries
        for group, saved in zip(self._optimizer.param_groups, self._groups, strict=True):
            group.clear()
            group.update(saved)
        self._optimizer.state.clear()
        for parameter, state, items in self._states:
            state.clear()
            state.update(items)
            self._optimizer.state[parameter] = state
        self._backup.put_back()
