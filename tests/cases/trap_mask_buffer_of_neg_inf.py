# ruff: noqa: D101, D102
"""A registered buffer holds a band mask of -inf: attention to far positions is forbidden."""

import torch
import torch.nn.functional as F
from torch import nn


class Band(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(6, 6)
        place = torch.arange(7)
        far = (place[:, None] - place[None, :]).abs() > 2
        self.register_buffer("band", torch.zeros(7, 7).masked_fill(far, float("-inf")))

    def forward(self, x):
        query = self.query(x)
        return (query @ x.transpose(1, 2) + self.band).softmax(-1) @ x


def build_model():
    torch.manual_seed(0)
    return Band()


def make_batch():
    stream = torch.Generator().manual_seed(46)
    return {
        "x": torch.randn(3, 7, 6, generator=stream),
        "y": torch.randn(3, 7, 6, generator=stream),
    }


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
