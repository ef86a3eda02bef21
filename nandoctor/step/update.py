"""The optimizer step of a target and what it leaves behind."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import torch

from nandoctor.step.outcome import is_float_tensor, nonfinite_names
from nandoctor.step.passes import backward, copied_batch, forward
from nandoctor.target import ReplayTarget


def stepped(target: ReplayTarget) -> tuple[str, ...]:
    """Run the optimizer step and return the names of what it left non-finite.

    A parameter that was non-finite before (a vocabulary row that nobody reads) is not its doing.
    """
    before = nonfinite_names([(name, p.detach()) for name, p in target.model.named_parameters()])
    apply_optimizer(target)
    return tuple(name for name in bad_after_step(target) if name not in before)


def apply_optimizer(target: ReplayTarget) -> None:
    """Clip as recorded and run the optimizer step."""
    assert target.optimizer is not None
    if target.max_grad_norm is not None:
        torch.nn.utils.clip_grad_norm_(target.model.parameters(), target.max_grad_norm)
    if _needs_closure(target.optimizer):
        evaluate: Any = partial(_evaluated, target)
        target.optimizer.step(evaluate)
    else:
        target.optimizer.step()


def _needs_closure(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step evaluates the loss itself, as LBFGS does."""
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def _evaluated(target: ReplayTarget) -> torch.Tensor:
    """Compute the loss and its gradients once more."""
    with torch.enable_grad():
        for parameter in target.model.parameters():
            parameter.grad = None
        loss = forward(target, copied_batch(target.batch))
        backward(target, loss)
    return loss


def bad_after_step(target: ReplayTarget) -> tuple[str, ...]:
    """Return the parameters and optimizer state tensors that are non-finite now.

    A parameter without a gradient took no part in the step, and neither did its state.
    """
    moved = [(name, p) for name, p in target.model.named_parameters() if p.grad is not None]
    named = [(name, p.detach()) for name, p in moved]
    if target.optimizer is not None:
        for name, parameter in moved:
            state = target.optimizer.state.get(parameter, {})
            named += [(f"{k}.{name}", v) for k, v in state.items() if is_float_tensor(v)]
    return nonfinite_names(named)
