# ruff: noqa: D101, D102
"""Depth maps in millimetres instead of metres: a hand-written softmax over scores overflows."""

import torch
import torch.nn.functional as F
from torch import nn


class Pool(nn.Module):
    def forward(self, features, scores):
        weights = torch.exp(scores)  # ORIGIN
        return (weights * features).sum(1) / weights.sum(1)


class Planner(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(4, 6)
        self.score = nn.Linear(4, 1)
        self.pool = Pool()
        self.steer = nn.Linear(6, 1)

    def forward(self, depth):
        return self.steer(self.pool(self.encode(depth), self.score(depth))).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    model = Planner()
    with torch.no_grad():
        model.score.weight.abs_()
    return model


def make_batch():
    stream = torch.Generator().manual_seed(27)
    depth = 1000 * (0.5 + 4 * torch.rand(5, 8, 4, generator=stream))
    return {"depth": depth, "angle": torch.randn(5, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["depth"]), batch["angle"])


TRUTH = {
    "phase": "forward", "module": "pool", "op": ["exp"], "marker": "# ORIGIN",
    "samples": None, "cause": "unnormalised_input", "cause_also": ["exp_overflow"],
    "batch_key": "depth", "fixed_by": ["scale_input"],
}  # fmt: skip
