# ruff: noqa: D101, D102
"""Transport plan: forbidden routes cost inf and carry 0, and their product is NaN."""

import torch
from torch import nn


class Plan(nn.Module):
    is_safe = False

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 9)

    def forward(self, demand, cost):
        scores = self.net(demand).view(-1, 3, 3).masked_fill(cost.isinf(), float("-inf"))
        plan = scores.softmax(-1)
        if self.is_safe:
            cost = cost.masked_fill(cost.isinf(), 0.0)
        return (plan * cost).sum((1, 2))  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return Plan()


def make_batch():
    stream = torch.Generator().manual_seed(33)
    cost = torch.rand(5, 3, 3, generator=stream)
    cost[0, 1, 2] = float("inf")
    return {"demand": torch.randn(5, 4, generator=stream), "cost": cost}


def compute_loss(model, batch):
    return model(batch["demand"], batch["cost"]).mean()


def fixed_code():
    def loss(model, batch):
        model.is_safe = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["mul"], "marker": "# ORIGIN",
    "samples": [0], "cause": "zero_times_inf", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
