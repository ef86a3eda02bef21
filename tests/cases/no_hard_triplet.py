# ruff: noqa: D101, D102
"""Triplet loss over the triplets that violate the margin: once none does, the mean is 0 / 0."""

import torch
from torch import nn


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(3, 3, bias=False)

    def forward(self, x):
        return self.net(x)


def build_model():
    model = Embedder()
    with torch.no_grad():
        model.net.weight.copy_(torch.eye(3))
    return model


def make_batch():
    stream = torch.Generator().manual_seed(22)
    anchor = torch.randn(6, 3, generator=stream)
    return {"anchor": anchor, "same": anchor + 0.01, "other": anchor + 50.0}


def hinges(model, batch):
    anchor = model(batch["anchor"])
    near = (anchor - model(batch["same"])).pow(2).sum(1)
    far = (anchor - model(batch["other"])).pow(2).sum(1)
    return near - far + 1


def compute_loss(model, batch):
    hinge = hinges(model, batch)
    return hinge[hinge > 0].mean()  # ORIGIN


def fixed_code():
    return lambda model, batch: torch.relu(hinges(model, batch)).mean()


TRUTH = {
    "phase": "forward", "module": "", "op": ["mean"], "marker": "# ORIGIN",
    "samples": None, "cause": "empty_reduction", "fixed_by": ["code"],
}  # fmt: skip
