"""Micro-cases of rare machinery: forward-mode, jagged tensors, scripts, own generators, LBFGS."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.tracing.micro import Fn, case, rows, step

INF = float("inf")
NAN = float("nan")


def _zero(index: int) -> torch.Tensor:
    x = rows()
    x[index] = 0
    return x


@case("forward", "div sqrt mul", "", [2], line=False)
def forward_mode_tangent_at_zero() -> Any:
    """The bias has a tangent of zeros without memory, which nobody may read."""

    def f(self, x):
        return self.fc(x) * x.square().sum(-1, keepdim=True).sqrt()

    def loss(model, x):
        return torch.func.jvp(model, (x,), (torch.ones_like(x),))[1].mean()

    return step(Fn(f), _zero(2), loss)


@case("forward", "std var", "", [1])
def jagged_sequence_of_one() -> Any:
    """A deep copy of a jagged tensor would no longer fit its own backward."""

    def f(self, x):
        parts = self.fc(x).unbind()
        return torch.stack([p.std(0).mean() for p in parts])  # <- jagged_sequence_of_one

    parts = [torch.randn(n, 4) for n in (3, 1, 5)]
    jagged = torch.nested.nested_tensor(parts, layout=torch.jagged)
    return step(Fn(f), jagged, lambda m, b: m(b).mean())


class _Script(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.relu(x))


@case("forward", "log", "act", None, line=False)
def scripted_module_takes_a_log() -> Any:
    def f(self, x):
        return self.act(self.fc(x))

    model = Fn(f)
    model.act = torch.jit.script(_Script())
    return step(model, rows(), lambda m, b: m(b).mean())


@case("forward", "log", "", None)
def dropout_from_a_generator_of_its_own() -> Any:
    """Every run must draw the same mask, and no row is to blame for it."""

    def f(self, x):
        keep = torch.rand(x.shape, generator=self.generator) > 0.6
        h = (self.fc(x) * keep[:, : self.fc.out_features]).square().sum(-1)
        return h.log()  # <- dropout_from_a_generator_of_its_own

    model = Fn(f)
    model.generator = torch.Generator().manual_seed(3)
    return step(model, rows(12), lambda m, b: m(b).mean())


@case("forward", "div sqrt", "", None)
def inner_gradient_of_a_perfect_fit() -> Any:
    """An inner update takes the gradient of a root at zero while the loss is still computed."""

    def f(self, x):
        error = (self.fc(x) * 0).square().mean().sqrt()  # <- inner_gradient_of_a_perfect_fit
        (g,) = torch.autograd.grad(error, self.fc.weight, create_graph=True)
        return (self.fc.weight - g).sum()

    return step(Fn(f), rows(), lambda m, b: m(b))


@case("forward", "sub", "", None)
def two_masks_written_by_slice_meet() -> Any:
    """``x[..., 2:] = -inf`` fills from a tensor: a mask all the same."""

    def f(self, x):
        a, b = self.fc(x), self.fc(x + 1)
        a[..., 2:] = -INF
        b[..., 2:] = -INF
        return a.log_softmax(-1) - b.log_softmax(-1)  # <- two_masks_written_by_slice_meet

    return step(Fn(f), rows(), lambda m, b: m(b).square().mean())


@case(None)
def lbfgs_on_a_healthy_step() -> Any:
    """Its step evaluates the loss by itself."""

    def f(self, x):
        return self.fc(x)

    model = Fn(f)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1)
    return step(model, rows(), lambda m, b: m(b).square().mean(), optimizer=optimizer)


@case(None)
def slice_filled_with_minus_infinity() -> Any:
    def f(self, x):
        h = self.fc(x)
        h[..., 2:] = -INF
        return F.softmax(h, -1)

    return step(Fn(f), rows(), lambda m, b: m(b).square().mean())


@case("forward", "log", "", (2,))
def gradient_of_a_logarithm_under_torch_func() -> Any:
    """Each level of torch.func takes a sequence number: the one before belongs to the op, too."""

    def f(self, x):
        def inner(weight):
            scores = torch.sigmoid(F.linear(x, weight)) * x.abs()
            return scores.log().sum()  # <- gradient_of_a_logarithm_under_torch_func

        return (self.fc.weight - torch.func.grad(inner)(self.fc.weight)).sum()

    return step(Fn(f), _zero(2), lambda m, b: m(b))


@case("forward", "mul", "", (2,))
def weight_of_zero_times_the_cost_of_a_masked_class() -> Any:
    """-log p of a masked class is meant to be infinite; 0 times it is the fault."""

    def f(self, x):
        logits = self.fc(x).masked_fill(torch.arange(4) == 3, -INF)
        is_used = x.abs().sum(-1) > 0
        label = torch.where(is_used, 0, 3)
        cost = -logits.log_softmax(-1).gather(-1, label[:, None])[:, 0]
        return cost * is_used  # <- weight_of_zero_times_the_cost_of_a_masked_class

    return step(Fn(f), _zero(2), lambda m, b: m(b).mean())


@case("optimizer", "mul addcdiv add", "fc", None, line=False)
def rate_of_one_group_is_nan() -> Any:
    """Both tensors of one module are hit, and no other."""
    model = Fn(lambda self, x: self.fc(x) * self.scale)
    model.scale = nn.Parameter(torch.ones(()))
    groups = [{"params": model.fc.parameters(), "lr": NAN}, {"params": [model.scale]}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    return step(model, rows(), lambda m, b: m(b).square().mean(), optimizer=optimizer)
