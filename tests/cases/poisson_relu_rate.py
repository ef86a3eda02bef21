# ruff: noqa: D101, D102
"""Photon counts with a ReLU rate: the rate of a dark exposure is exactly 0, and so is its log."""

import torch
from torch import nn


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 8)
        self.rate = nn.Linear(8, 1)

    def forward(self, x):
        return torch.relu(self.rate(torch.tanh(self.body(x)))).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    model = Detector()
    with torch.no_grad():
        model.rate.weight.fill_(0.3)
        model.rate.bias.fill_(1.0)
        model.body.weight.abs_()
    return model


def make_batch():
    x = torch.rand(6, 5, generator=torch.Generator().manual_seed(1))
    x[2] = -80.0
    return {"x": x, "counts": torch.tensor([3.0, 1.0, 2.0, 4.0, 0.0, 2.0])}


def nll(model, batch, eps):
    rate = model(batch["x"])
    return (rate - batch["counts"] * torch.log(rate + eps)).mean()  # ORIGIN


def compute_loss(model, batch):
    return nll(model, batch, 0.0)


def fixed_code():
    return lambda model, batch: nll(model, batch, 1e-6)


TRUTH = {
    "phase": "forward", "module": "", "op": ["log"], "marker": "# ORIGIN",
    "samples": [2], "cause": "log_of_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
