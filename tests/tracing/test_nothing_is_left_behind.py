"""Whatever the step does, and wherever it is interrupted: everything is as before, bit for bit."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from bit_identity import assert_same
from torch import nn
from torch.nn.utils import parametrizations

import nandoctor
from nandoctor.batches import named_tensors
from nandoctor.interventions import run_trials
from nandoctor.target import ReplayTarget
from nandoctor.tracing import headroom, observe

pytestmark = pytest.mark.filterwarnings("ignore")


class Untidy(nn.Module):
    """Changes all that a forward pass can change of its module and of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.fc = parametrizations.weight_norm(nn.Linear(4, 4))
        self.frozen = nn.Parameter(torch.ones(4), requires_grad=False)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.table, self.seen = torch.zeros(4), {"batches": [0]}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Count, log, replace, freeze, switch; then take the logarithm of 0 for one sample."""
        self.calls += 1
        self.table.add_(1)
        self.seen["last"] = x
        self.frozen.data = self.frozen.data * 2
        self.frozen.requires_grad_(True)
        self.norm.eval().register_forward_hook(lambda *_: None)
        self.fc.bias.data.mul_(0.5)
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_float32_matmul_precision("medium")
        torch.backends.cuda.enable_math_sdp(False)
        torch.autograd.set_detect_anomaly(True)
        noise = random.random() + float(np.random.rand()) + torch.rand(()).float()
        x.mul_(1.0 + 0 * noise)
        return (self.fc(self.norm(x)) * self.frozen).square() * (x[:, :1] > -5)


def untidy() -> ReplayTarget:
    """Return a step of it with an optimizer that also moves a parameter of its own."""
    torch.manual_seed(0)
    model, temperature = Untidy(), nn.Parameter(torch.ones(()))
    optimizer = torch.optim.AdamW([*model.parameters(), temperature], lr=1e-2)
    batch = {"x": torch.randn(6, 4), "w": torch.ones(6, requires_grad=True)}
    batch["x"][3, 0] = -9
    model(batch["x"].clone()).sum().backward()
    _ordinary_switches()

    def loss(m: nn.Module, b: dict[str, torch.Tensor]) -> torch.Tensor:
        return ((m(b["x"]).sum(1) * b["w"]).log().mean() / temperature).float()

    return ReplayTarget(model, batch, loss, optimizer)


def _ordinary_switches() -> None:
    torch.set_default_dtype(torch.float32)
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cuda.enable_math_sdp(True)
    torch.autograd.set_detect_anomaly(False)


@pytest.fixture(autouse=True)
def _switches():
    """Leave torch as it was for the tests that follow."""
    yield
    _ordinary_switches()


def everything(target: ReplayTarget) -> dict[str, Any]:
    """Copy all that a caller can see of the target and of torch."""
    model, optimizer = target.model, target.optimizer
    assert optimizer is not None
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    held = [
        *parameters,
        *model.buffers(),
        model.table,
        *(t for _, t in named_tensors(target.batch)),
    ]
    return {
        "bits": [t.detach().clone() for t in held],
        "identities": [(id(t), t.data_ptr(), t.requires_grad, id(t.grad)) for t in held],
        "gradients": [None if p.grad is None else p.grad.clone() for p in parameters],
        "attributes": [[(k, id(v)) for k, v in vars(m).items()] for m in model.modules()],
        "hooks": [list(m._forward_hooks) for m in model.modules()],
        "plain": copy.deepcopy({k: v for k, v in model.seen.items() if k != "last"}),
        "keys": list(model.seen),
        "state": copy.deepcopy(optimizer.state_dict()),
        "inner": [id(state) for state in optimizer.state.values()],
        "rng": (torch.get_rng_state(), random.getstate(), str(np.random.get_state())),
        "switches": (
            torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(), torch.is_grad_enabled(),
            torch.get_float32_matmul_precision(), torch.backends.cuda.math_sdp_enabled(),
            torch.is_anomaly_enabled(), torch.is_autocast_enabled("cpu"),
            torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack(),
            torch.autograd._engine_run_backward, torch.autocast.__enter__, len(warnings.filters),
            len(torch.nn.modules.module._global_forward_pre_hooks),
        ),
    }  # fmt: skip


def whole(target: ReplayTarget) -> None:
    """Do everything that a replay does."""
    facts = observe(target)
    run_trials(target, facts, budget_seconds=600)
    headroom(target)


def test_replay_of_an_untidy_step_leaves_nothing_behind():
    """Parameters given other memory, hooks, switches, containers, a parameter of the loss."""
    target = untidy()
    before = everything(target)
    whole(target)
    assert_same(before, everything(target))


def test_replay_of_an_untidy_step_under_the_callers_settings_keeps_them():
    """Grad mode, autocast and determinism of the caller stand as they stood."""
    target = untidy()
    torch.use_deterministic_algorithms(True)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        before = everything(target)
        whole(target)
        assert_same(before, everything(target))
    torch.use_deterministic_algorithms(False)


def test_replay_leaves_the_gradients_of_a_criterion_as_they_stand():
    """A loss may hold parameters of its own; a backward pass would add to their gradients."""
    torch.manual_seed(0)
    criterion, scale = nn.Linear(4, 4), nn.Parameter(torch.ones(()))
    (criterion(torch.ones(2, 4)).sum() * scale).backward()
    model = nn.Linear(4, 4)
    model(torch.ones(2, 4)).sum().backward()
    optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.1)
    held = [*model.parameters(), *criterion.parameters(), scale]
    before = [(id(p.grad), p.grad.clone()) for p in held]

    def loss(m: nn.Module, x: torch.Tensor, factor: nn.Parameter = scale) -> torch.Tensor:
        return (criterion(m(x)) * 0 * factor).sum().log()

    nandoctor.replay(model, torch.randn(5, 4), loss, optimizer=optimizer)
    nandoctor.replay(model, torch.randn(5, 4), partial(loss, factor=scale))
    assert_same(before, [(id(p.grad), p.grad) for p in held])


class Stop(KeyboardInterrupt):
    """The user's Ctrl-C."""


def interrupted(target: ReplayTarget, call: int, place: str) -> ReplayTarget:
    """Return the target with a Ctrl-C in the n-th run of its step, in one part of it."""
    left, loss = [call], target.compute_loss

    def stop(*_: Any) -> None:
        if left[0] <= 0:
            raise Stop

    def compute_loss(model: nn.Module, batch: Any) -> torch.Tensor:
        left[0] -= 1
        result = loss(model, batch)
        if place == "forward":
            stop()
        result.register_hook(stop)
        return result

    if place == "optimizer":
        assert target.optimizer is not None
        target.optimizer.register_step_post_hook(stop)
        compute_loss = _counting(loss, left)
    return ReplayTarget(target.model, target.batch, compute_loss, target.optimizer)


def _counting(loss: Callable[..., torch.Tensor], left: list[int]) -> Callable[..., torch.Tensor]:
    def compute_loss(model: nn.Module, batch: Any) -> torch.Tensor:
        left[0] -= 1
        return loss(model, batch) * 0 + model.fc.bias.mean()

    return compute_loss


@pytest.mark.parametrize("place", ["forward", "backward"])
@pytest.mark.parametrize("call", [1, 2, 3, 6, 10, 14])
def test_replay_that_is_interrupted_leaves_nothing_behind(call, place):
    """In the plain run, the trace, the sample runs and the trials alike."""
    target = interrupted(untidy(), call, place)
    before = everything(target)
    with pytest.raises(Stop):
        whole(target)
    assert_same(before, everything(target))


def test_replay_that_is_interrupted_in_the_optimizer_leaves_nothing_behind():
    """The update was made, and is taken back."""
    target = interrupted(untidy(), 1, "optimizer")
    target.batch["x"][3, 0] = 0.5
    before = everything(target)
    with pytest.raises(Stop):
        whole(target)
    assert_same(before, everything(target))
