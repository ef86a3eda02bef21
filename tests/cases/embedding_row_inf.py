# ruff: noqa: D101, D102
"""One row of an embedding is inf after a bad write; only the samples that look it up die."""

import torch
import torch.nn.functional as F
from torch import nn


class Recommender(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Embedding(12, 6)
        self.users = nn.Embedding(8, 6)
        self.head = nn.Linear(12, 1)

    def forward(self, user, item):
        pair = torch.cat([self.users(user), self.items(item)], -1)  # ORIGIN
        return self.head(pair).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    model = Recommender()
    with torch.no_grad():
        model.items.weight[7, 2] = float("inf")
    return model


def make_batch():
    return {"user": torch.tensor([0, 1, 2, 3, 4, 5]), "item": torch.tensor([3, 7, 1, 0, 7, 11]),
            "rating": torch.tensor([1.0, 0.0, 0.5, 1.0, 0.2, 0.9])}  # fmt: skip


def compute_loss(model, batch):
    return F.mse_loss(model(batch["user"], batch["item"]), batch["rating"])


TRUTH = {
    "phase": "parameters", "module": "items", "op": ["embedding"], "marker": "# ORIGIN",
    "marker_kind": "call", "bad": "items.weight", "samples": [1, 4], "cause": "bad_parameter",
    "fixed_by": ["reset_param", "drop_samples"],
}  # fmt: skip
