"""Running a target once, plainly, and leaving no trace of it; nothing is watched here."""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from nandoctor.errors import ReplayError
from nandoctor.snapshot import capture_rng, preserved, restore_rng
from nandoctor.target import ReplayTarget, StepOutcome


def with_fixed_rng(target: ReplayTarget) -> ReplayTarget:
    """Return the target with the RNG state that stands now, unless it has its own."""
    return target if target.rng is not None else replace(target, rng=capture_rng())


def run_step(target: ReplayTarget) -> StepOutcome:
    """Run forward, backward and, with an optimizer, the step; leave everything as it was.

    Raises:
        ReplayError: compute_loss gives no scalar, or a loss without a gradient.
    """
    with preserved(target), started(target) as batch:
        loss = forward(target, batch)
        backward(target, loss)
        outcome = outcome_of(target, loss)
        if target.optimizer is None or not outcome.is_finite:
            return outcome
        return replace(outcome, bad_after_step=stepped(target))


@contextlib.contextmanager
def started(target: ReplayTarget) -> Iterator[Any]:
    """Set the RNG, clear the gradients and yield a copy of the batch that the step may spoil."""
    if target.rng is not None:
        restore_rng(target.rng)
    for parameter in target.model.parameters():
        parameter.grad = None
    with torch.enable_grad():
        yield copied_batch(target.batch)


def copied_batch(batch: Any) -> Any:
    """Return a deep copy of a batch; one that cannot be copied is returned itself."""
    # A deep copy of a jagged tensor has offsets of its own and no longer fits its backward.
    jagged = [x for x in tree_leaves(batch) if isinstance(x, torch.Tensor) and x.is_nested]
    try:
        return copy.deepcopy(batch, {id(x): x.detach().clone() for x in jagged})
    except (RuntimeError, TypeError, copy.Error):
        return batch


def forward(target: ReplayTarget, batch: Any) -> torch.Tensor:
    """Compute the loss under the recorded autocast.

    Raises:
        ReplayError: The loss is not a scalar tensor or carries no gradient.
    """
    with autocast_of(target):
        loss = target.compute_loss(target.model, batch)
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        found = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else repr(type(loss))
        raise ReplayError(
            f"compute_loss returned {found}, not a scalar tensor",
            hint="reduce the loss to one number, e.g. loss.mean()",
        )
    if not loss.requires_grad:
        raise ReplayError(
            "the loss has no gradient: no parameter that requires one reaches it",
            hint="check requires_grad, detach() and torch.no_grad() in the model and the loss",
        )
    return loss


def autocast_of(target: ReplayTarget) -> contextlib.AbstractContextManager[Any]:
    """Return the autocast context that the run recorded."""
    if target.precision.autocast_dtype is None:
        return contextlib.nullcontext()
    dtype = getattr(torch, target.precision.autocast_dtype)
    return torch.autocast(device_of(target.model).type, dtype=dtype)


def device_of(model: torch.nn.Module) -> torch.device:
    """Return the device of the model's first parameter or buffer, the CPU where it has none."""
    for tensor in [*model.parameters(), *model.buffers()]:
        return tensor.device
    return torch.device("cpu")


def backward(target: ReplayTarget, loss: torch.Tensor) -> None:
    """Run the backward pass of the scaled loss and unscale the gradients."""
    scale = target.precision.loss_scale
    # As GradScaler, by a float32 tensor: a loss in half precision does not overflow here.
    factor = torch.tensor(scale, device=loss.device)
    torch.autograd.backward(loss if scale == 1.0 else loss * factor)
    if scale != 1.0:
        for parameter in target.model.parameters():
            if parameter.grad is not None:
                parameter.grad.div_(scale)


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


def outcome_of(target: ReplayTarget, loss: torch.Tensor) -> StepOutcome:
    """Judge the loss and the gradients that stand in the model, with one synchronisation."""
    named = [(n, p.grad) for n, p in target.model.named_parameters() if p.grad is not None]
    bad = nonfinite_names(named)
    return StepOutcome(
        loss=float(loss.detach()),
        grad_norm=grad_norm([grad for _, grad in named]) if named and not bad else None,
        num_gradients=len(named),
        bad_gradients=bad,
    )


def nonfinite_names(named: list[tuple[str, torch.Tensor]]) -> tuple[str, ...]:
    """Return the names of the tensors that hold a NaN or an Inf, with one wait for the device."""
    filled = [(name, stored_values(tensor)) for name, tensor in named if tensor.numel()]
    if not filled:
        return ()
    # A finite sum proves that every term is finite, in one pass; the rest is looked at closely.
    sums = [values.sum(dtype=torch.float32).to(filled[0][1].device) for _, values in filled]
    proved = torch.isfinite(torch.stack(sums)).tolist()
    suspects = [item for item, good in zip(filled, proved, strict=True) if not good]
    return tuple(name for name, values in suspects if not bool(torch.isfinite(values).all()))


def grad_norm(gradients: list[torch.Tensor]) -> float:
    """Return the global L2 norm, in float64 where the device has it."""
    squares = [
        torch.linalg.vector_norm(stored_values(g).float()).cpu().double().square()
        for g in gradients
    ]
    return float(torch.stack(squares).sum().sqrt())


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


def is_float_tensor(value: Any) -> bool:
    """Whether a value is a tensor that can hold a NaN."""
    return isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())


def stored_values(tensor: torch.Tensor) -> torch.Tensor:
    """Return the stored real numbers: sparse by their values, complex as pairs, fp8 widened."""
    tensor = tensor.detach()
    if tensor.is_nested:
        tensor = torch.cat([part.flatten() for part in tensor.unbind()])
    if tensor.layout is not torch.strided:
        tensor = tensor.coalesce().values() if tensor.is_sparse else tensor.values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    is_fp8 = tensor.element_size() == 1 and tensor.is_floating_point()
    return tensor.float() if is_fp8 else tensor
