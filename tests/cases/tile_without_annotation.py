# ruff: noqa: D101, D102
"""Land cover tiles: every pixel of the batch is unlabelled, cross_entropy averages over none."""

import torch
import torch.nn.functional as F
from torch import nn


class LandCover(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 6, 3, padding=1)
        self.classes = nn.Conv2d(6, 5, 1)

    def forward(self, tile):
        return self.classes(F.gelu(self.conv(tile)))


def build_model():
    torch.manual_seed(0)
    return LandCover()


def make_batch():
    stream = torch.Generator().manual_seed(23)
    return {"tile": torch.randn(3, 4, 6, 6, generator=stream),
            "cover": torch.full((3, 6, 6), 255)}  # fmt: skip


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["tile"]), batch["cover"], ignore_index=255)  # ORIGIN


def fixed_code():
    def loss(model, batch):
        total = F.cross_entropy(
            model(batch["tile"]), batch["cover"], ignore_index=255, reduction="sum"
        )
        return total / (batch["cover"] != 255).sum().clamp(min=1)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["nll_loss2d_forward", "nll_loss_forward", "nll_loss2d",
    "nll_loss_nd", "cross_entropy_loss"],
    "marker": "# ORIGIN", "samples": None, "cause": "all_labels_ignored", "fixed_by": ["code"],
}  # fmt: skip
