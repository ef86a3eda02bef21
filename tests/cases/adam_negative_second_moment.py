# ruff: noqa: D101, D102
"""Adam's second moment of one tensor turned negative: its root is NaN, gradients are fine."""

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 7)
        self.head = nn.Linear(7, 3)

    def forward(self, x):
        return self.head(F.relu(self.body(x)))


def build_model():
    torch.manual_seed(0)
    return Classifier()


def build_optimizer(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for parameter in model.parameters():
        optimizer.state[parameter] = {
            "step": torch.tensor(100.0),
            "exp_avg": torch.full_like(parameter, 1e-3),
            "exp_avg_sq": torch.full_like(parameter, 1e-4),
        }
    optimizer.state[model.head.weight]["exp_avg_sq"][2, 4] = -3.0
    return optimizer


def make_batch():
    stream = torch.Generator().manual_seed(30)
    return {"x": torch.randn(6, 5, generator=stream),
            "y": torch.randint(0, 3, (6,), generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "optimizer",
    "module_also": ["head"], "module": "", "op": ["sqrt", "_foreach_sqrt", "_foreach_sqrt_"],
    "marker": None, "bad": "head.weight", "samples": None, "cause": "optimizer_state",
    "fixed_by": ["reset_optimizer"],
}  # fmt: skip
