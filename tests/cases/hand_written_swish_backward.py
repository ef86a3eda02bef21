# ruff: noqa: D101, D102
"""A fused swish whose backward recovers the sigmoid as y / x: 0 / 0 where the input is 0."""

import torch
import torch.nn.functional as F
from torch import nn


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x * torch.sigmoid(x)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, gradient):
        x, y = ctx.saved_tensors
        gate = y / x
        return gradient * (gate + y * (1 - gate))


class Activation(nn.Module):
    def forward(self, x):
        return Swish.apply(x)  # ORIGIN


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 6, bias=False)
        self.act = Activation()
        self.outer = nn.Linear(6, 1)

    def forward(self, x):
        return self.outer(self.act(self.inner(x))).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Net()


def make_batch():
    stream = torch.Generator().manual_seed(35)
    x = torch.randn(6, 4, generator=stream)
    x[5] = 0.0
    return {"x": x, "y": torch.randn(6, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.act.forward = F.silu
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "backward", "module": "act", "op": ["div", "Swish", "SwishBackward"],
    "marker": "# ORIGIN", "samples": [5], "cause": "custom_backward",
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
