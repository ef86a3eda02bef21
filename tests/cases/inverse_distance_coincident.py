# ruff: noqa: D101, D102
"""Inverse distance weights in a point cloud: a query that lies on a point divides by 0."""

import torch
import torch.nn.functional as F
from torch import nn


class Interpolate(nn.Module):
    eps = 0.0

    def forward(self, queries, points, values):
        squared = ((queries.unsqueeze(2) - points.unsqueeze(1)) ** 2).sum(-1)
        weights = 1 / (squared + self.eps)  # ORIGIN
        return weights / weights.sum(-1, keepdim=True) @ values


class Upsampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Linear(3, 8)
        self.interpolate = Interpolate()
        self.head = nn.Linear(8, 1)

    def forward(self, points, queries):
        return self.head(self.interpolate(queries, points, self.features(points))).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Upsampler()


def make_batch():
    stream = torch.Generator().manual_seed(9)
    points = torch.randn(4, 10, 3, generator=stream)
    queries = torch.randn(4, 5, 3, generator=stream)
    queries[3, 1] = points[3, 7]
    return {"points": points, "queries": queries, "y": torch.randn(4, 5, generator=stream)}


def compute_loss(model, batch):
    return F.l1_loss(model(batch["points"], batch["queries"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.interpolate.eps = 1e-6
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "interpolate",
    "op": ["div", "reciprocal", "mul"], "marker": "# ORIGIN",
    "samples": [3], "cause": "division_by_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
