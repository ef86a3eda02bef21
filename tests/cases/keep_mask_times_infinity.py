# ruff: noqa: D101, D102
"""(1 - keep) * -inf is meant to mask, but is 0 * inf at every token that is kept."""

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    is_filled = False

    def __init__(self):
        super().__init__()
        self.query = nn.Linear(4, 4)

    def forward(self, tokens, keep):
        scores = self.query(tokens) @ tokens.mT
        if self.is_filled:
            scores = scores.masked_fill(keep[:, None] == 0, -torch.inf)
        else:
            scores = scores + (1 - keep[:, None]) * -torch.inf  # ORIGIN
        return scores.softmax(-1) @ tokens


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = Attention()
        self.head = nn.Linear(4, 2)

    def forward(self, tokens, keep):
        return self.head(self.attention(tokens, keep).mean(1))


def build_model():
    torch.manual_seed(0)
    return Model()


def make_batch():
    stream = torch.Generator().manual_seed(63)
    keep = torch.ones(4, 5)
    keep[1, 3:] = 0
    return {
        "tokens": torch.randn(4, 5, 4, generator=stream), "keep": keep,
        "y": torch.tensor([0, 1, 1, 0]),
    }  # fmt: skip


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["tokens"], batch["keep"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.attention.is_filled = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "attention", "op": ["mul"], "marker": "# ORIGIN",
    "samples": None, "cause": "zero_times_inf", "fixed_by": ["code"],
}  # fmt: skip
