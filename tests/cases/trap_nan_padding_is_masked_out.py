# ruff: noqa: D101, D102
"""Padding frames hold NaN, and masked_fill removes them before anything is computed."""

import torch
import torch.nn.functional as F
from torch import nn


class Pooling(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 5)
        self.out = nn.Linear(5, 1)

    def forward(self, frames, is_frame):
        clean = frames.masked_fill(~is_frame.unsqueeze(-1), 0.0)
        return self.out(torch.tanh(self.net(clean)).mean(1)).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Pooling()


def make_batch():
    stream = torch.Generator().manual_seed(40)
    frames = torch.randn(4, 6, 4, generator=stream)
    is_frame = torch.ones(4, 6, dtype=torch.bool)
    is_frame[1, 4:], is_frame[3, 2:] = False, False
    frames[~is_frame] = float("nan")
    return {"frames": frames, "is_frame": is_frame, "y": torch.randn(4, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["frames"], batch["is_frame"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
