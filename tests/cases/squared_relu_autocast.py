# ruff: noqa: D101, D102
"""Squared ReLU under float16 autocast: 300 squared is no float16."""

import torch
import torch.nn.functional as F
from torch import nn


class SquaredRelu(nn.Module):
    def forward(self, x):
        kept = torch.relu(x)
        return kept * kept  # ORIGIN


class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(6, 16)
        self.act = SquaredRelu()
        self.down = nn.Linear(16, 6)

    def forward(self, x):
        return x + self.down(self.act(self.up(x)))


def build_model():
    torch.manual_seed(0)
    model = Mixer()
    with torch.no_grad():
        model.up.weight.mul_(80)
        model.down.weight.mul_(1e-3)
    return model


def make_batch():
    stream = torch.Generator().manual_seed(14)
    x = torch.randn(4, 6, generator=stream)
    x[1] *= 9
    return {"x": x, "y": torch.randn(4, 6, generator=stream)}


def compute_loss(model, batch):
    with torch.autocast("cpu", dtype=torch.float16):
        return F.mse_loss(model(batch["x"]).float(), batch["y"])


TRUTH = {
    "phase": "forward", "module": "act", "op": ["mul"], "marker": "# ORIGIN",
    "samples": [1], "cause": "fp16_overflow", "fixed_by": ["no_autocast", "drop_samples"],
}  # fmt: skip
