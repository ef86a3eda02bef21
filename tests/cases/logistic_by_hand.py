# ruff: noqa: D101, D102
"""1 / (1 + exp(-x)) of -150 is 0, a value that counts; its gradient is inf / inf."""

import torch
import torch.nn.functional as F
from torch import nn


class Logistic(nn.Module):
    is_stable = False

    def forward(self, score):
        if self.is_stable:
            return torch.sigmoid(score)
        return 1 / (1 + torch.exp(-score))  # ORIGIN


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(3, 2)
        self.gate = Logistic()

    def forward(self, x):
        return self.gate(self.score(x))


def build_model():
    torch.manual_seed(0)
    model = Gated()
    with torch.no_grad():
        model.score.weight.abs_()
    return model


def make_batch():
    stream = torch.Generator().manual_seed(61)
    x = torch.randn(6, 3, generator=stream)
    x[4] = -200.0
    return {"x": x, "y": torch.rand(6, 2, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.gate.is_stable = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "backward", "module": "gate", "op": ["exp", "reciprocal", "div", "mul"],
    "marker": "# ORIGIN", "samples": [4], "cause": "exp_overflow",
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
