# ruff: noqa: D101, D102
"""A module scales by its share of the warm-up, and the warm-up was set to 0 steps."""

import torch
from torch import nn


class WarmedUp(nn.Module):
    def __init__(self, warm_up):
        super().__init__()
        self.net = nn.Linear(3, 1)
        self.warm_up = warm_up

    def forward(self, x):
        return self.net(x) / self.warm_up  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return WarmedUp(0)


def make_batch():
    stream = torch.Generator().manual_seed(54)
    return {"x": torch.randn(6, 3, generator=stream)}


def compute_loss(model, batch):
    return model(batch["x"]).square().mean()


def fixed_code():
    return lambda model, batch: model.net(batch["x"]).square().mean()


TRUTH = {
    "phase": "forward", "module": "", "op": ["div"], "marker": "# ORIGIN",
    "samples": None, "cause": "division_by_zero", "fixed_by": ["code"],
}  # fmt: skip
