# ruff: noqa: D101, D102
"""Activations of 3e4 under float16 autocast: large, and within the range."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(4, 6)
        self.down = nn.Linear(6, 1)

    def forward(self, x):
        return self.down(self.up(x)).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    model = Net()
    with torch.no_grad():
        model.up.bias.fill_(3e4)
        model.down.weight.mul_(1e-4)
    return model


def make_batch():
    stream = torch.Generator().manual_seed(49)
    return {"x": torch.randn(5, 4, generator=stream), "y": torch.randn(5, generator=stream)}


def compute_loss(model, batch):
    with torch.autocast("cpu", dtype=torch.float16):
        return F.smooth_l1_loss(model(batch["x"]).float(), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
