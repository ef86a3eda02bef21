# ruff: noqa: D101, D102
"""A product of per-step gains slightly above 1 over 900 steps leaves float32."""

import torch
import torch.nn.functional as F
from torch import nn


class Compound(nn.Module):
    is_stable = False

    def __init__(self):
        super().__init__()
        self.rate = nn.Parameter(torch.tensor(0.0))

    def forward(self, gains):
        factors = gains * torch.exp(self.rate)
        if self.is_stable:
            return factors.log().cumsum(1)
        return torch.cumprod(factors, dim=1).log()  # ORIGIN


def build_model():
    return Compound()


def make_batch():
    stream = torch.Generator().manual_seed(34)
    gains = 1 + 0.05 * torch.randn(4, 900, generator=stream).clamp(-2, 2)
    gains[2] += 0.12
    return {"gains": gains, "y": torch.zeros(4, 900)}


def compute_loss(model, batch):
    return F.l1_loss(model(batch["gains"]), batch["y"])


def fixed_code():
    def loss(model, batch):
        model.is_stable = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["cumprod"], "marker": "# ORIGIN",
    "samples": [2], "cause": "cumulative_overflow", "fixed_by": ["drop_samples", "fp64", "code"],
}  # fmt: skip
