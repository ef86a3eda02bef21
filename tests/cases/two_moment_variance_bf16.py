# ruff: noqa: D101, D102
"""Variance as E[x^2] - E[x]^2 in bfloat16: the difference rounds below 0, its root is NaN."""

import torch
import torch.nn.functional as F
from torch import nn


class Spread(nn.Module):
    def forward(self, x):
        variance = (x * x).mean(-1) - x.mean(-1) ** 2
        return torch.sqrt(variance)  # ORIGIN


class Quality(nn.Module):
    def __init__(self):
        super().__init__()
        self.spread = Spread()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.gain * self.spread(x + self.gain)


def build_model():
    torch.manual_seed(0)
    return Quality().bfloat16()


def make_batch():
    stream = torch.Generator().manual_seed(16)
    x = torch.randn(6, 16, generator=stream)
    x[2] = 80.25 + 0.3 * torch.randn(16, generator=torch.Generator().manual_seed(3))
    return {"x": x.bfloat16(), "y": torch.ones(6).bfloat16()}


def compute_loss(model, batch):
    return F.l1_loss(model(batch["x"]).float(), batch["y"].float())


TRUTH = {
    "phase": "forward", "module": "spread", "op": ["sqrt"], "marker": "# ORIGIN",
    "samples": [2], "cause": "bf16_precision", "fixed_by": ["fp32", "drop_samples"],
}  # fmt: skip
