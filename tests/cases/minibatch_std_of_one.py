# ruff: noqa: D101, D102
"""The minibatch-std layer of a discriminator: the last batch has one image, its std is NaN."""

import torch
import torch.nn.functional as F
from torch import nn


class MinibatchStd(nn.Module):
    correction = 1

    def forward(self, x):
        spread = x.std(0, correction=self.correction)  # ORIGIN
        return torch.cat([x, spread.mean().expand(x.shape[0], 1)], 1)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 5)
        self.spread = MinibatchStd()
        self.score = nn.Linear(6, 1)

    def forward(self, x):
        return self.score(self.spread(F.leaky_relu(self.body(x))))


def build_model():
    torch.manual_seed(0)
    return Critic()


def make_batch():
    return {"image": torch.randn(1, 6, generator=torch.Generator().manual_seed(36))}


def compute_loss(model, batch):
    return F.softplus(-model(batch["image"])).mean()


def fixed_code():
    def loss(model, batch):
        # The root of an exact 0 has no slope either, so the layer needs both.
        model.spread.forward = lambda x: torch.cat(
            [x, (x.var(0, correction=0) + 1e-8).sqrt().mean().expand(x.shape[0], 1)], 1
        )
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "spread", "op": ["std"], "marker": "# ORIGIN",
    "samples": None, "cause": "std_of_one", "fixed_by": ["code"],
}  # fmt: skip
