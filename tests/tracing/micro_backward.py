"""Micro-cases whose loss is finite and whose gradient is not."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from tests.tracing.micro import Fn, case, rows, step


class Block(nn.Module):
    """A linear layer and a hand-written norm without eps."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.fc = nn.Linear(4, 4, bias=False)

    def forward(self, x):
        """Return the norm of each row."""
        h = self.fc(x)
        return h.square().sum(-1).sqrt()  # <- plain_block # <- reentrant # <- non_reentrant


def _zero_row(index: int = 2) -> torch.Tensor:
    x = rows()
    x[index] = 0
    return x


class Outer(nn.Module):
    """Runs its block under a checkpoint."""

    def __init__(self, mode: bool | None) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.stem = nn.Linear(4, 4, bias=False)
        self.block = Block()
        self.mode = mode

    def forward(self, x):
        """Run the block as the mode says."""
        h = self.stem(x)
        if self.mode is None:
            return self.block(h)
        return checkpoint(self.block, h, use_reentrant=self.mode)


@case("backward", "div sqrt", "block", [2])
def plain_block() -> Any:
    return step(Outer(None), _zero_row(), lambda m, b: m(b).mean())


@case("backward", "div sqrt", "block", [2])
def reentrant() -> Any:
    return step(Outer(True), _zero_row(), lambda m, b: m(b).mean())


@case("backward", "div sqrt", "block", [2])
def non_reentrant() -> Any:
    return step(Outer(False), _zero_row(), lambda m, b: m(b).mean())


@case("backward", "exp mul", "", [1])
def where_trap_under_checkpoint() -> Any:
    def block(x):
        e = torch.exp(x)  # <- where_trap_under_checkpoint
        return torch.where(x > 0, x, e)

    def f(self, x):
        return checkpoint(block, self.fc(x) * 0.01 + x, use_reentrant=False)

    x = rows()
    x[1] = 200
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("backward", "exp mul", "", [1])
def where_trap_under_reentrant_checkpoint() -> Any:
    def block(x):
        e = torch.exp(x)  # <- where_trap_under_reentrant_checkpoint
        return torch.where(x > 0, x, e)

    def f(self, x):
        return checkpoint(block, self.fc(x) * 0.01 + x, use_reentrant=True)

    x = rows()
    x[1] = 200
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("backward", "div sqrt", "", [3])
def gradient_penalty_double_backward() -> Any:
    def f(self, x):
        x = x.clone().requires_grad_()
        y = torch.tanh(self.fc(x)).sum(-1) * (x.detach()[:, 0] != 0)
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        norm = g.square().sum(-1).sqrt()  # <- gradient_penalty_double_backward
        return (norm - 1).square().mean()

    return step(Fn(f), _zero_row(3), lambda m, b: m(b))


@case("backward", "div", "", None)
def tensor_hook_divides_by_zero() -> Any:
    def f(self, x):
        h = self.fc(x)
        h.register_hook(lambda g: g / (g - g).norm())  # <- tensor_hook_divides_by_zero
        return h

    return step(Fn(f), rows(), lambda m, b: m(b).mean())


@case("backward", "mul", "", None)
def parameter_hook() -> Any:
    def f(self, x):
        return self.fc(x)

    model = Fn(f)
    scale = torch.tensor(3e38)
    model.fc.weight.register_hook(lambda g: g * scale * 10)  # <- parameter_hook
    return step(model, rows(), lambda m, b: m(b).square().sum())


@case("backward", "div sqrt", "", [2])
def inplace_sqrt_on_view() -> Any:
    def f(self, x):
        h = self.fc(x).square() * (x[:, :1] != 0)
        h[:, 1:3].sqrt_()  # <- inplace_sqrt_on_view
        return h

    return step(Fn(f), _zero_row(), lambda m, b: m(b).mean())


@case("backward", "pow mul sqrt", "norm", [2])
def shared_module_second_call_backward() -> Any:
    class Power(nn.Module):
        def forward(self, x):
            return x**0.25  # <- shared_module_second_call_backward

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)
            self.norm = Power()

        def forward(self, x):
            h = self.fc(x).abs()
            return self.norm(h + 1) + self.norm(h)

    return step(Model(), _zero_row(), lambda m, b: m(b).mean())


@case("backward", "rsqrt mul acos", "", [0])
def acos_of_a_cosine() -> Any:
    def f(self, x):
        h = nn.functional.normalize(self.fc(x) * 0 + x * self.fc.weight[0], dim=-1)
        return torch.acos(h[:, 0])  # <- acos_of_a_cosine

    x = rows()
    x[0] = torch.tensor([1.0, 0, 0, 0])
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("backward", "_to_copy", "", None)
def loss_scale_overflows_half() -> Any:
    from nandoctor.target import Precision

    def f(self, x):
        return self.fc(x)  # <- loss_scale_overflows_half

    return step(
        Fn(f).half(), rows().half(),
        lambda m, b: (m(b) * 30).square().mean().float(),  # <- loss_scale_overflows_half
        precision=Precision(loss_scale=65536.0),
    )  # fmt: skip


@case(None)
def std_of_equal_values() -> Any:
    def f(self, x):
        h = self.fc(x) * 0 + x * self.fc.weight[0, 0]
        return h.std(-1)

    x = rows()
    x[1] = 0
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case(None)
def manual_atan2_backward() -> Any:
    def f(self, x):
        h = x * self.fc.weight[0]
        return torch.atan2(h[:, 0], h[:, 1])

    x = rows()
    x[1] = 0
    return step(Fn(f), x, lambda m, b: m(b).mean())


@case("backward", "mul div", "gate", [2])
def custom_function_backward() -> Any:
    class Inverse(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.where(x == 0, 0.0, 1 / x)

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return -grad / x.square()

    class Gate(nn.Module):
        def forward(self, x):
            return Inverse.apply(x)  # <- custom_function_backward

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.fc = nn.Linear(4, 4, bias=False)
            self.gate = Gate()

        def forward(self, x):
            return self.gate(self.fc(x))

    return step(Model(), _zero_row(), lambda m, b: m(b).clamp(-5, 5).mean() + m(b).mean() * 0.1)


@case("backward", "div", "", None)
def svd_of_repeated_singular_values() -> Any:
    def f(self, x):
        w = self.fc.weight * 0 + torch.eye(4) * self.fc.weight[0, 0]
        u, s, v = torch.linalg.svd(w)  # <- svd_of_repeated_singular_values
        return (u @ torch.diag(s) @ v).square().sum() + u.sum() + x.sum() * 0

    return step(Fn(f), rows(), lambda m, b: m(b))


@case("backward", "exp", "", [1])
def silu_by_hand_saturates() -> Any:
    def f(self, x):
        h = self.fc(x) * 0.001 + x
        return h / (1 + torch.exp(-h))  # <- silu_by_hand_saturates

    x = rows()
    x[1] = -200
    return step(Fn(f), x, lambda m, b: m(b).mean())
