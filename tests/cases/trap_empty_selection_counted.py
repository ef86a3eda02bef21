# ruff: noqa: D101, D102
"""No box of the batch matches an anchor; the sum over none is divided by at least one."""

import torch
import torch.nn.functional as F
from torch import nn


class Boxes(nn.Module):
    def __init__(self):
        super().__init__()
        self.offset = nn.Linear(6, 4)
        self.score = nn.Linear(6, 1)

    def forward(self, anchors):
        return self.offset(anchors), self.score(anchors).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Boxes()


def make_batch():
    stream = torch.Generator().manual_seed(50)
    return {"anchors": torch.randn(3, 8, 6, generator=stream),
            "is_match": torch.zeros(3, 8, dtype=torch.bool)}  # fmt: skip


def compute_loss(model, batch):
    offset, score = model(batch["anchors"])
    chosen = offset[batch["is_match"]].abs().sum() / batch["is_match"].sum().clamp(min=1)
    return chosen + F.binary_cross_entropy_with_logits(score, batch["is_match"].float())


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
