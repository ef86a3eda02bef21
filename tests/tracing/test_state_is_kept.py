"""An observation leaves no trace, and two observations say the same."""

from __future__ import annotations

import copy
import random
from collections import deque

import numpy as np
import pytest
import torch
from torch import nn

from nandoctor.snapshot import is_same_bits
from nandoctor.target import ReplayTarget
from nandoctor.tracing import gradient_flow, observe
from tests.tracing import micro_backward, micro_forward, micro_leaves  # noqa: F401
from tests.tracing.micro import CASES

pytestmark = pytest.mark.filterwarnings("ignore")


def _target() -> ReplayTarget:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.randn(6, 4)
    x[2] = 1e30
    model.register_forward_hook(lambda *_: None)
    model(x).mean().backward()
    return ReplayTarget(model, {"x": x}, lambda m, b: m(b["x"]).exp().mean().log(), optimizer)


def _everything(target: ReplayTarget) -> list[torch.Tensor]:
    tensors = [*target.model.parameters(), *target.model.buffers(), target.batch["x"]]
    gradients = [p.grad for p in target.model.parameters() if p.grad is not None]
    return [*tensors, *gradients, torch.get_rng_state()]


def test_observe_leaves_model_batch_and_generators_bit_identical():
    """Parameters, buffers, gradients, modes, hooks and RNG states are as before."""
    target = _target()
    before = [tensor.detach().clone() for tensor in _everything(target)]
    others = (random.getstate(), np.random.get_state()[1].tolist())
    modes = [m.training for m in target.model.modules()]
    hooks = len(target.model._forward_hooks)
    observe(target)
    after = _everything(target)
    assert len(after) == len(before)
    assert all(is_same_bits(a.detach(), b) for a, b in zip(after, before, strict=True))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == others
    assert [m.training for m in target.model.modules()] == modes
    assert len(target.model._forward_hooks) == hooks
    assert target.optimizer is not None
    assert not target.optimizer.state


def test_observe_keeps_the_switches_of_torch():
    """Autocast, determinism, grad mode and anomaly mode are as before."""
    target = _target()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        observe(target)
        assert not torch.is_grad_enabled()
        assert torch.is_autocast_enabled("cpu")
    assert not torch.is_anomaly_enabled()
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("name", ["two_live_sources_first_leads", "non_reentrant", "nan_target"])
def test_observe_twice_says_the_same(name):
    """The facts are a function of the target."""
    target = CASES[name].build()
    assert repr(observe(target)) == repr(observe(target))


def test_observe_does_not_keep_activations_alive():
    """After the run nothing but the caller holds the batch's tensors."""
    import gc
    import weakref

    batch = torch.randn(64, 4)
    seen: list[weakref.ref[torch.Tensor]] = []

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        hidden = model(x).exp()
        seen.append(weakref.ref(hidden))
        return hidden.mean().log() / 0

    observe(ReplayTarget(nn.Linear(4, 4), batch, loss))
    gc.collect()
    assert all(ref() is None for ref in seen)


def test_gradient_flow_measures_every_parameter():
    """One entry a gradient, by the parameter's name."""
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    flow = gradient_flow(ReplayTarget(model, torch.ones(2, 3), lambda m, b: m(b).sum()))
    assert [item.name for item in flow] == ["weight", "bias"]
    assert flow[1].max == 2.0
    assert copy.copy(flow[0]).role == "gradient"


def test_observe_puts_back_what_modules_hold_beside_their_state():
    """Tensors, arrays, containers and generators that are plain attributes are as before."""
    model = nn.Linear(3, 3)
    model.peak, model.array = torch.zeros(3), np.zeros(2)
    model.torch_rng, model.numpy_rng = torch.Generator().manual_seed(1), np.random.default_rng(1)
    model.python_rng, model.recent = random.Random(1), deque([0], maxlen=2)

    def loss(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
        noise = torch.rand(3, generator=module.torch_rng) + module.python_rng.random()
        module.array += module.numpy_rng.random()
        module.recent.append(1)
        out = (module(x) + noise) / module.peak.clone()
        module.peak.add_(1.0)
        return out.mean()

    def held() -> list[object]:
        generators = (model.torch_rng.get_state().tolist(), model.numpy_rng.bit_generator.state)
        plain = (model.peak.tolist(), model.array.tolist(), list(model.recent))
        return [*generators, model.python_rng.getstate(), *plain]

    before = held()
    assert observe(ReplayTarget(model, torch.ones(4, 3), loss)).is_reproduced
    assert held() == before
