# ruff: noqa: D101, D102
"""A momentum buffer of SGD is inf after an unchecked overflow; the step writes it to a weight."""

import torch
import torch.nn.functional as F
from torch import nn


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.second = nn.Linear(6, 1)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x))).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Regressor()


def build_optimizer(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for parameter in model.parameters():
        optimizer.state[parameter] = {"momentum_buffer": torch.zeros_like(parameter)}
    optimizer.state[model.first.weight]["momentum_buffer"][1, 1] = float("inf")
    return optimizer


def make_batch():
    stream = torch.Generator().manual_seed(31)
    return {"x": torch.randn(5, 4, generator=stream), "y": torch.randn(5, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "optimizer",
    "module_also": ["first"], "module": "", "op": ["mul", "mul_", "_foreach_mul_", "add_",
    "_foreach_add_"],
    "marker": None, "bad": "first.weight", "samples": None, "cause": "optimizer_state",
    "fixed_by": ["reset_optimizer"],
}  # fmt: skip
