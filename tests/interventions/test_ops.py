"""The ops that an eps, a clamp or a finite mask must cure, in every spelling."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F

from nandoctor.interventions import run_trials
from nandoctor.step import run_step
from tests.interventions.faults import INF, rows, simple, with_row

Tensor = torch.Tensor
ZERO, EQUAL, LARGE = with_row(0.0), with_row(0.5), with_row(500.0)
KEEP = torch.ones(4, 3, dtype=torch.bool)
KEEP[2] = False

EPS: dict[str, tuple[Callable[..., Tensor], str, Tensor]] = {
    "log2": (lambda h: h.log2().mean(), "log2", ZERO),
    "log_": (lambda h: h.clone().log_().mean(), "log", ZERO),
    "log1p": (lambda h: (-h).log1p().mean(), "log1p", rows().clamp(max=1)),
    "sqrt_": (lambda h: h.clone().sqrt_().mean(), "sqrt", ZERO),
    "power": (lambda h: (h**0.5).mean(), "pow", ZERO),
    "negative power": (lambda h: (h**-1.5).mean(), "pow", ZERO),
    "tensor power": (lambda h: torch.pow(h, torch.full((3,), 0.3)).mean(), "pow", ZERO),
    "rdiv": (lambda h: (1 / h).mean(), "reciprocal", ZERO),
    "div_": (lambda h: h.clone().div_(h.sum(-1, keepdim=True)).mean(), "div", ZERO),
    "integer divisor": (lambda h: (h.sum() / torch.tensor(0)), "div", ZERO),
    "rsqrt": (lambda h: h.square().sum(-1).rsqrt().mean(), "rsqrt", ZERO),
    "norm": (lambda h: (h / h.norm(dim=-1, keepdim=True)).mean(), "div", ZERO),
    "normalize": (lambda h: F.normalize(h, dim=-1, eps=0.0).mean(), "div", ZERO),
    "z-score": (lambda h: ((h - h.mean(-1, True)) / h.std(-1, keepdim=True)).mean(), "div", EQUAL),
    "layer norm": (lambda h: F.layer_norm(h, (3,), eps=0.0).mean(), "native_layer_norm", EQUAL),
    "acos": (lambda h: h.clamp(-1, 1).acos().mean(), "acos", with_row(1.0)),
    "atanh": (lambda h: h.clamp(-1, 1).atanh().mean(), "atanh", with_row(1.0)),
    "hypot": (lambda h: torch.hypot(h, 2 * h).mean(), "hypot", ZERO),
    "xlogy": (lambda h: torch.xlogy(h + 1, h).mean(), "xlogy", ZERO),
    "entropy": (lambda h: torch.special.entr(h).mean(), "special_entr", ZERO),
    "kl_div": (lambda h: F.kl_div(h.log_softmax(-1), h, reduction="sum"), "xlogy", ZERO),
    "weight norm": (
        lambda h: torch._weight_norm(h, torch.ones(4, 1)).mean(), "_weight_norm_interface", ZERO
    ),
    "log determinant": (lambda h: h[:3].T.matmul(h[:3]).logdet(), "_linalg_slogdet", EQUAL * 0),
    "correlation": (lambda h: torch.corrcoef(h).sum(), "div", EQUAL),
    "addcdiv": (lambda h: torch.addcdiv(h, h, h).mean(), "addcdiv", ZERO),
    "empty loss": (lambda h: F.smooth_l1_loss(h[:0], h[:0]), "smooth_l1_loss", ZERO),
    "no class weight": (
        lambda h: F.cross_entropy(h, torch.zeros(4).long(), weight=torch.tensor([0.0, 1, 1])),
        "nll_loss_forward",
        rows(),
    ),
}  # fmt: skip

CLAMP: dict[str, tuple[Callable[..., Tensor], str, Tensor]] = {
    "exp": (lambda h: h.exp().mean(), "exp", LARGE),
    "exp_": (lambda h: h.clone().exp_().mean(), "exp", LARGE),
    "cosh": (lambda h: h.cosh().mean(), "cosh", LARGE),
    "base": (lambda h: (math.e**h).mean(), "pow", LARGE),
    "softmax by hand": (lambda h: (h.exp() / h.exp().sum()).square().sum(), "exp", LARGE),
    "square": (lambda h: h.square().mean(), "pow", rows() * 1e20),
    "matrix product": (lambda h: (h @ h.T).mean(), "mm", rows() * 1e20),
    "running product": (lambda h: h.repeat(1, 30).cumprod(-1).mean(), "cumprod", with_row(9.0)),
    "squared error": (lambda h: F.mse_loss(h, h * 0), "mse_loss", rows() * 1e20),
    "poisson": (lambda h: F.poisson_nll_loss(h, h), "exp", LARGE),
    "negative root": (lambda h: h.sqrt().mean(), "sqrt", with_row(-1.0)),
    "float16 product": (lambda h: (h * h).float().mean(), "mul", LARGE.half()),
}

MASK: dict[str, Callable[..., Tensor]] = {
    "masked_fill": lambda h: h.masked_fill(~KEEP, -INF),
    "where": lambda h: torch.where(KEEP, h, -INF),
    "where tensor": lambda h: torch.where(KEEP, h, torch.tensor(-INF)),
    "added": lambda h: h + torch.zeros(4, 3).masked_fill(~KEEP, -INF),
    "times minus inf": lambda h: h + (~KEEP).float() * -INF,
    "logarithm of the mask": lambda h: h + KEEP.float().log(),
    "assigned": lambda h: assigned(h),
    "full": lambda h: h + torch.full((4, 3), -INF) * (~KEEP),
    "list": lambda h: h + torch.tensor([[0.0], [0.0], [-INF], [0.0]]),
}


def assigned(h: Tensor) -> Tensor:
    h = h.clone()
    h[~KEEP] = -INF
    return h


def outcome_of(cure: str, function: Callable[..., Tensor], op: str, x: Tensor) -> str:
    fault = simple(cure, function, op, x)
    assert not run_step(fault.target).is_finite
    return run_trials(fault.target, fault.facts, only=[cure])[0].outcome


@pytest.mark.parametrize("name", EPS)
def test_eps_on_a_singular_op_cures_it(name: str) -> None:
    """An eps at the line makes loss and gradients finite."""
    assert outcome_of("eps", *EPS[name]) == "fixed"


@pytest.mark.parametrize("name", CLAMP)
def test_clamp_on_an_overflow_or_a_domain_cures_it(name: str) -> None:
    """A clamp before the op makes loss and gradients finite."""
    assert outcome_of("clamp", *CLAMP[name]) == "fixed"


@pytest.mark.parametrize("name", MASK)
def test_finite_mask_on_any_spelling_of_a_mask_cures_an_empty_row(name: str) -> None:
    """However -inf gets there, a finite number in its place gives a uniform row."""
    masked = MASK[name]
    fault = simple(name, lambda h: (masked(h).softmax(-1) * h).sum(), "_softmax", rows())
    assert not run_step(fault.target).is_finite
    assert run_trials(fault.target, fault.facts, only=["finite_mask"])[0].outcome == "fixed"
