# ruff: noqa: D101, D102
"""A confidence monitor computes exp(100 * logit) = inf without gradients and logs its mean."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(5, 4)
        self.logged = []

    def forward(self, x):
        logits = self.net(x)
        with torch.no_grad():
            self.logged.append(torch.exp(100 * logits).mean())
        return logits


def build_model():
    torch.manual_seed(0)
    return Net()


def make_batch():
    stream = torch.Generator().manual_seed(47)
    return {"x": 3 * torch.randn(6, 5, generator=stream),
            "y": torch.randint(0, 4, (6,), generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
