"""Repairs reach what Python runs inside the backward pass: hooks and hand-written gradients."""

from __future__ import annotations

import torch
from torch import nn

from nandoctor.interventions import run_trials
from nandoctor.target import ReplayTarget
from nandoctor.tracing import observe


class Root(torch.autograd.Function):
    """A square root of the size whose hand-written gradient divides by it."""

    @staticmethod
    def forward(ctx, x):
        """Return sqrt(|x|)."""
        ctx.save_for_backward(x)
        return x.abs().sqrt()

    @staticmethod
    def backward(ctx, grad):
        """Return the gradient: 0 / 0 at 0."""
        (x,) = ctx.saved_tensors
        return grad * x.sign() * 0.5 / x.abs().sqrt()


def outcomes(loss, only):
    """Observe a step and return the outcomes of its trials."""
    torch.manual_seed(0)
    target = ReplayTarget(nn.Linear(4, 4), torch.randn(6, 4), loss)
    trials = run_trials(target, observe(target), only=only)
    return {t.intervention: (t.outcome, t.detail) for t in trials}


def test_eps_in_a_tensor_hook_is_found_to_fix_it():
    """The hook divides the gradient by a norm that is zero."""

    def loss(model, x):
        hidden = model(x)
        hidden.register_hook(lambda grad: grad / (grad.norm() * 0))
        return hidden.mean()

    assert outcomes(loss, ["eps"])["eps"][0] == "fixed"


def test_eps_in_a_hand_written_gradient_is_found_to_fix_it():
    """The origin's line is the caller of the Function; the division stands in its backward."""

    def loss(model, x):
        return Root.apply(model(x) * torch.tensor([0.0, 1, 1, 1])).mean()

    found = outcomes(loss, ["eps", "plain_autograd"])
    assert found["eps"][0] == "fixed"
    assert "in the function at test_backward_code.py" in found["eps"][1]
    assert found["plain_autograd"][0] == "not_fixed"


def test_repair_that_reaches_a_hook_is_gone_afterwards():
    """The engine of autograd is torch's own again."""
    before = torch.autograd._engine_run_backward
    test_eps_in_a_tensor_hook_is_found_to_fix_it()
    assert torch.autograd._engine_run_backward is before
    assert torch._C._len_torch_function_stack() == 0
