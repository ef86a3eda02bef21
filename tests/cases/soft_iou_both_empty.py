# ruff: noqa: D101, D102
"""Soft IoU of a lesion map where neither prediction nor annotation marks a pixel: 0 / 0."""

import torch
import torch.nn.functional as F
from torch import nn


class Segmenter(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        return F.hardsigmoid(4 * self.out(F.relu(self.conv(x))) - 2).squeeze(1)


def build_model():
    torch.manual_seed(5)
    model = Segmenter()
    with torch.no_grad():
        model.conv.bias.zero_()
        model.out.weight.abs_()
        model.out.bias.fill_(-1.0)
    return model


def make_batch():
    stream = torch.Generator().manual_seed(4)
    scan = 4 * torch.randn(5, 1, 8, 8, generator=stream)
    masks = (torch.rand(5, 8, 8, generator=stream) < 0.3).float()
    scan[1], masks[1] = 0.0, 0.0
    return {"scan": scan, "masks": masks}


def iou_loss(model, batch, smooth):
    predicted, wanted = model(batch["scan"]).flatten(1), batch["masks"].flatten(1)
    both = (predicted * wanted).sum(1)
    either = predicted.sum(1) + wanted.sum(1) - both
    return 1 - ((both + smooth) / (either + smooth)).mean()  # ORIGIN


def compute_loss(model, batch):
    return iou_loss(model, batch, 0.0)


def fixed_code():
    return lambda model, batch: iou_loss(model, batch, 1.0)


TRUTH = {
    "phase": "forward", "module": "", "op": ["div"], "marker": "# ORIGIN",
    "samples": [1], "cause": "division_by_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
