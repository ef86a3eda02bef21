# ruff: noqa: D101, D102
"""Healthy: the moments of a frozen layer are NaN, and no step reads them."""

import torch
import torch.nn.functional as F
from torch import nn


class Tuned(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 5).requires_grad_(False)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(torch.tanh(self.body(x)))


def build_model():
    torch.manual_seed(0)
    return Tuned()


def build_optimizer(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    frozen = model.body.weight
    optimizer.state[frozen] = {
        "step": torch.tensor(3.0), "exp_avg": torch.full_like(frozen, torch.nan),
        "exp_avg_sq": torch.full_like(frozen, torch.nan),
    }  # fmt: skip
    return optimizer


def make_batch():
    stream = torch.Generator().manual_seed(64)
    return {"x": torch.randn(4, 4, generator=stream), "y": torch.tensor([0, 1, 1, 0])}


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None, "samples": None, "cause": "none",
    "fixed_by": [],
}  # fmt: skip
