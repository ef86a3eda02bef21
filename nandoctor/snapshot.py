"""Bit-exact snapshots of what a step may change: model, optimizer, RNG and torch's own switches."""

from __future__ import annotations

import contextlib
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from nandoctor.target import ReplayTarget


@contextlib.contextmanager
def preserved(target: ReplayTarget) -> Iterator[None]:
    """Put back, bit for bit, all that a run of the target may change."""
    with preserved_switches(), preserved_model(target.model), preserved_optimizer(target.optimizer):
        rng = capture_rng()
        try:
            yield
        finally:
            restore_rng(rng)


@contextlib.contextmanager
def preserved_model(model: torch.nn.Module) -> Iterator[None]:
    """Put back every module's tensors, gradients, modes, hooks and plain attributes."""
    tensors = [*model.parameters(), *model.buffers()]
    backup = [(tensor, tensor.detach().clone()) for tensor in tensors]
    gradients = [(p, p.grad, p.requires_grad) for p in model.parameters()]
    attributes = [(module, _attributes(module.__dict__)) for module in model.modules()]
    try:
        yield
    finally:
        for module, saved in attributes:
            _put_back_attributes(module.__dict__, saved)
        for tensor, value in backup:
            put_back(tensor, value)
        for parameter, gradient, requires_grad in gradients:
            parameter.grad = gradient
            parameter.requires_grad_(requires_grad)


@contextlib.contextmanager
def preserved_optimizer(optimizer: torch.optim.Optimizer | None) -> Iterator[None]:
    """Put back the state tensors and hyper-parameters of an optimizer."""
    if optimizer is None:
        yield
        return
    groups = [dict(group) for group in optimizer.param_groups]
    states = {p: dict(state) for p, state in optimizer.state.items()}
    backup = [
        (value, value.detach().clone())
        for source in [*states.values(), *groups]
        for value in source.values()
        if isinstance(value, torch.Tensor)
    ]
    # LBFGS keeps its history in lists.
    lists = [(v, v.copy()) for s in states.values() for v in s.values() if isinstance(v, list)]
    try:
        yield
    finally:
        for history, items in lists:
            history[:] = items
        for group, saved in zip(optimizer.param_groups, groups, strict=True):
            group.clear()
            group.update(saved)
        optimizer.state.clear()
        optimizer.state.update(states)
        for tensor, value in backup:
            put_back(tensor, value)


def put_back(tensor: torch.Tensor, value: torch.Tensor) -> None:
    """Write a backup into a tensor, but only if a bit changed.

    An unneeded write would raise the version counter and break a graph that the caller holds.
    """
    with torch.no_grad():
        if not is_same_bits(tensor.detach(), value):
            tensor.detach().copy_(value)


def is_same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors hold the same bits: NaN equals the same NaN, 0.0 is not -0.0."""
    if a.shape != b.shape or a.dtype != b.dtype or a.layout is not torch.strided:
        return False
    if a.numel() == 0 or a.is_meta:
        return True
    flat_a, flat_b = (t.contiguous().reshape(-1).view(torch.uint8) for t in (a, b))
    return bool(torch.equal(flat_a, flat_b))


def _attributes(namespace: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(key, value, _content(value)) for key, value in namespace.items()]


def _put_back_attributes(namespace: dict[str, Any], saved: list[tuple[str, Any, Any]]) -> None:
    namespace.clear()
    for key, value, content in saved:
        _put_back_content(value, content)
        namespace[key] = value


def _content(value: Any) -> Any:
    """Return a copy of what a plain attribute holds, None where it cannot change in place."""
    if isinstance(value, (dict, list, set, deque, np.ndarray)):
        return value.copy()
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    return value.getstate() if isinstance(value, random.Random) else None


def _put_back_content(value: Any, content: Any) -> None:
    if isinstance(value, list):
        value[:] = content
    elif isinstance(value, (dict, set)):
        value.clear()
        value.update(content)
    elif isinstance(value, deque):
        value.clear()
        value.extend(content)
    elif isinstance(value, np.ndarray):
        if value.flags.writeable:
            value[...] = content
    elif isinstance(value, torch.Tensor):
        put_back(value, content)
    elif isinstance(value, torch.Generator):
        value.set_state(content)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = content
    elif isinstance(value, random.Random):
        value.setstate(content)


def random_fingerprint(model: torch.nn.Module) -> tuple[Any, ...]:
    """Return what changes as soon as the step draws a random number, also from a module's own."""
    devices = [torch.get_rng_state()]
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        devices += torch.cuda.get_rng_state_all()
    own = [value for module in model.modules() for value in module.__dict__.values()]
    devices += [value.get_state() for value in own if isinstance(value, torch.Generator)]
    numpy: Any = np.random.get_state()
    numpys = [v.bit_generator.state for v in own if isinstance(v, np.random.Generator)]
    return (
        *(state.numpy().tobytes() for state in devices),
        *(numpy[1].tobytes(), numpy[2], random.getstate(), str(numpys)),
    )


def capture_rng() -> dict[str, Any]:
    """Return the state of every random generator that a step may use."""
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "python": random.getstate(),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_rng(state: dict[str, Any]) -> None:
    """Set the random generators; a kind that the state does not hold stays as it is."""
    if "torch" in state:
        torch.set_rng_state(state["torch"])
    if "numpy" in state:
        np.random.set_state(state["numpy"])
    if "python" in state:
        random.setstate(state["python"])
    if "cuda" in state and torch.cuda.is_available():
        for device, value in zip(range(torch.cuda.device_count()), state["cuda"], strict=False):
            torch.cuda.set_rng_state(value, device)
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])


@contextlib.contextmanager
def preserved_switches() -> Iterator[None]:
    """Put back torch's global switches: autocast, determinism, anomaly, cuDNN, dtype, grad mode."""
    devices = [name for name in ("cpu", "cuda") if name == "cpu" or torch.cuda.is_available()]
    autocast = [(d, torch.is_autocast_enabled(d), torch.get_autocast_dtype(d)) for d in devices]
    cache = torch.is_autocast_cache_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn
    convolution = (cudnn.deterministic, cudnn.benchmark)
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    anomaly = (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled())
    try:
        yield
    finally:
        for device, enabled, autocast_dtype in autocast:
            torch.set_autocast_enabled(device, enabled)
            torch.set_autocast_dtype(device, autocast_dtype)
        torch.set_autocast_cache_enabled(cache)
        if deterministic != torch.are_deterministic_algorithms_enabled():
            torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        if convolution != (cudnn.deterministic, cudnn.benchmark):
            cudnn.deterministic, cudnn.benchmark = convolution
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.autograd.set_detect_anomaly(*anomaly)
