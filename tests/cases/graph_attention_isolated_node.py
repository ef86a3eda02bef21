# ruff: noqa: D101, D102
"""Graph attention over neighbours: an isolated atom has none, its row is all -inf."""

import torch
import torch.nn.functional as F
from torch import nn


class GraphAttention(nn.Module):
    fill = float("-inf")

    def __init__(self):
        super().__init__()
        self.source = nn.Linear(5, 1)
        self.target = nn.Linear(5, 1)
        self.value = nn.Linear(5, 5)

    def forward(self, nodes, adjacency):
        scores = F.leaky_relu(self.source(nodes) + self.target(nodes).transpose(1, 2))
        scores = scores.masked_fill(~adjacency, self.fill)
        return scores.softmax(-1) @ self.value(nodes)  # ORIGIN


class Molecule(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend = GraphAttention()
        self.energy = nn.Linear(5, 1)

    def forward(self, nodes, adjacency):
        return self.energy(torch.relu(self.attend(nodes, adjacency))).sum((1, 2))


def build_model():
    torch.manual_seed(0)
    return Molecule()


def make_batch():
    stream = torch.Generator().manual_seed(17)
    adjacency = torch.rand(4, 6, 6, generator=stream) < 0.4
    adjacency |= torch.eye(6, dtype=torch.bool).roll(1, 0)
    adjacency[1, 4] = False
    return {"nodes": torch.randn(4, 6, 5, generator=stream), "adjacency": adjacency,
            "energy": torch.randn(4, generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.smooth_l1_loss(model(batch["nodes"], batch["adjacency"]), batch["energy"])


def fixed_code():
    def loss(model, batch):
        model.attend.fill = -1e9
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "attend", "op": ["_softmax", "softmax"], "marker": "# ORIGIN",
    "samples": [1], "cause": "all_masked_softmax", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
