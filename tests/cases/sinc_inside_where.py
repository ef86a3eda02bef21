# ruff: noqa: D101, D102
"""Rotation vectors: where() picks the series at angle 0, but sin(t) / t is differentiated too."""

import torch
import torch.nn.functional as F
from torch import nn


class Exponential(nn.Module):
    is_safe = False

    def forward(self, angle):
        small = angle < 1e-6
        divisor = torch.where(small, torch.ones_like(angle), angle) if self.is_safe else angle
        return torch.where(small, 1 - angle**2 / 6, torch.sin(angle) / divisor)  # ORIGIN


class Pose(nn.Module):
    def __init__(self):
        super().__init__()
        self.turn = nn.Linear(3, 1, bias=False)
        self.exponential = Exponential()
        self.out = nn.Linear(1, 2)

    def forward(self, x):
        return self.out(self.exponential(self.turn(x) ** 2))


def build_model():
    torch.manual_seed(4)
    return Pose()


def make_batch():
    stream = torch.Generator().manual_seed(12)
    x = torch.randn(5, 3, generator=stream)
    x[3] = 0.0
    return {"x": x, "y": torch.randn(5, 2, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.exponential.is_safe = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "backward", "module": "exponential", "op": ["div", "mul", "neg"],
    "marker": "# ORIGIN", "samples": [3], "cause": "where_trap",
    "cause_also": ["division_by_zero"], "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
