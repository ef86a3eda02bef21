# ruff: noqa: D101, D102
"""The gradient of a root at zero is infinite; a hook replaces it before a parameter sees it."""

import torch
from torch import nn


class Rooted(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(3, 3)

    def forward(self, x):
        h = torch.clamp(self.net(x), min=0)
        h.register_hook(lambda grad: torch.nan_to_num(grad, 0.0, 0.0, 0.0))
        return h.sqrt().sum(-1)


def build_model():
    torch.manual_seed(0)
    return Rooted()


def make_batch():
    stream = torch.Generator().manual_seed(55)
    return {"x": torch.randn(6, 3, generator=stream)}


def compute_loss(model, batch):
    return model(batch["x"]).mean()


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
