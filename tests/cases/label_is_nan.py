# ruff: noqa: D101, D102
"""A regression target is NaN (failed assay); the model and its output are fine."""

import torch
import torch.nn.functional as F
from torch import nn


class Assay(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(7, 10), nn.SiLU(), nn.Linear(10, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Assay()


def make_batch():
    stream = torch.Generator().manual_seed(26)
    activity = torch.randn(9, generator=stream)
    activity[7] = float("nan")
    return {"x": torch.randn(9, 7, generator=stream), "activity": activity}


def compute_loss(model, batch):
    return F.huber_loss(model(batch["x"]), batch["activity"])  # ORIGIN


TRUTH = {
    "phase": "batch", "module": "", "op": ["huber_loss"], "marker": "# ORIGIN",
    "bad": "activity", "samples": [7], "cause": "bad_input",
    "fixed_by": ["clean_batch", "drop_samples"],
}  # fmt: skip
