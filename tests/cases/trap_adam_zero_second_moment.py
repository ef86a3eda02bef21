# ruff: noqa: D101, D102
"""Adam's second moment of an unused row is exactly 0: eps keeps its update finite."""

import torch
import torch.nn.functional as F
from torch import nn


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, ids):
        return self.out(self.table(ids).mean(1))


def build_model():
    torch.manual_seed(0)
    return Words()


def build_optimizer(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for parameter in model.parameters():
        optimizer.state[parameter] = {
            "step": torch.tensor(50.0),
            "exp_avg": torch.zeros_like(parameter),
            "exp_avg_sq": torch.zeros_like(parameter),
        }
    return optimizer


def make_batch():
    return {"ids": torch.tensor([[1, 2, 3], [2, 4, 1], [5, 5, 2]]), "y": torch.tensor([0, 1, 1])}


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["ids"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
