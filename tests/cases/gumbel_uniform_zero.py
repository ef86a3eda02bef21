# ruff: noqa: D101, D102
"""Gumbel noise from uniform numbers that include 0: -log(-log(0)) is -log(inf)."""

import torch
import torch.nn.functional as F
from torch import nn


class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(6, 4)
        self.experts = nn.Linear(6, 4)

    def forward(self, x, uniform, eps=0.0):
        noise = -torch.log(uniform + eps)  # ORIGIN
        noise = -torch.log(noise)
        weights = (self.gate(x) + noise).softmax(-1)
        return (weights * self.experts(x)).sum(-1)


def build_model():
    torch.manual_seed(3)
    return Router()


def make_batch():
    stream = torch.Generator().manual_seed(2)
    uniform = torch.rand(7, 4, generator=stream).clamp(0.05, 0.95)
    # Every expert of one row drew the smallest number that the generator has.
    uniform[5] = 0.0
    return {"x": torch.randn(7, 6, generator=stream), "uniform": uniform,
            "y": torch.randn(7, generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"], batch["uniform"]), batch["y"])


def fixed_code():
    return lambda m, b: F.mse_loss(m(b["x"], b["uniform"], 1e-9), b["y"])


TRUTH = {
    "phase": "forward", "module": "", "op": ["log"], "marker": "# ORIGIN",
    "samples": [5], "cause": "log_of_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
