# ruff: noqa: D101, D102
"""Morphological dilation pads with -inf and takes the maximum of each window."""

import torch
import torch.nn.functional as F
from torch import nn


class Dilate(nn.Module):
    def forward(self, x):
        padded = F.pad(x, (1, 1, 1, 1), value=float("-inf"))
        return padded.unfold(2, 3, 1).unfold(3, 3, 1).amax((-1, -2))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.dilate = Dilate()

    def forward(self, x):
        return self.dilate(self.conv(x)).mean((1, 2, 3))


def build_model():
    torch.manual_seed(0)
    return Net()


def make_batch():
    stream = torch.Generator().manual_seed(45)
    return {"x": torch.randn(3, 1, 6, 6, generator=stream), "y": torch.randn(3, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
