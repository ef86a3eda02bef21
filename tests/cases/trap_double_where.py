# ruff: noqa: D101, D102
"""log1p(-x) / x with both the input and the output of the division guarded by where()."""

import torch
import torch.nn.functional as F
from torch import nn


class Ratio(nn.Module):
    def forward(self, x):
        is_zero = x == 0
        safe = torch.where(is_zero, torch.ones_like(x), x)
        return torch.where(is_zero, torch.ones_like(x), torch.log1p(safe.abs()) / safe)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4, bias=False)
        self.ratio = Ratio()

    def forward(self, x):
        return self.ratio(self.inner(x)).sum(-1)


def build_model():
    torch.manual_seed(0)
    return Net()


def make_batch():
    stream = torch.Generator().manual_seed(43)
    x = torch.randn(5, 4, generator=stream)
    x[2] = 0.0
    return {"x": x, "y": torch.randn(5, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["x"]), batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
