# ruff: noqa: D101, D102
"""Geodesic distance of rotations: prediction and truth agree, acos has no slope at 1."""

import torch
from torch import nn


class Rotation(nn.Module):
    def __init__(self):
        super().__init__()
        self.angle = nn.Linear(3, 1, bias=False)

    def forward(self, x):
        angle = self.angle(x).squeeze(-1)
        return torch.stack([angle.cos(), angle.sin()], -1)


def build_model():
    torch.manual_seed(0)
    return Rotation()


def make_batch():
    stream = torch.Generator().manual_seed(20)
    x = torch.randn(5, 3, generator=stream)
    angle = 2 + torch.rand(5, generator=stream)
    x[4], angle[4] = 0.0, 0.0
    return {"x": x, "angle": angle}


def geodesic(model, batch, limit):
    wanted = torch.stack([batch["angle"].cos(), batch["angle"].sin()], -1)
    cosine = (model(batch["x"]) * wanted).sum(-1).clamp(-limit, limit)
    return torch.acos(cosine).mean()  # ORIGIN


def compute_loss(model, batch):
    return geodesic(model, batch, 1.0)


def fixed_code():
    return lambda model, batch: geodesic(model, batch, 1 - 1e-6)


TRUTH = {
    "phase": "backward", "module": "", "op": ["acos", "mul", "rsqrt", "neg"],
    "marker": "# ORIGIN", "samples": [4], "cause": "acos_at_one",
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
