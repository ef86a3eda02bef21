# ruff: noqa: D101, D102
"""Insurance claims with a log link: one policy's exposure is in days, exp(eta) leaves float32."""

import torch
from torch import nn


class Frequency(nn.Module):
    limit = None

    def __init__(self):
        super().__init__()
        self.score = nn.Linear(4, 1)

    def forward(self, x, exposure):
        eta = self.score(x).squeeze(-1) + exposure
        if self.limit:
            eta = eta.clamp(max=self.limit)
        return torch.exp(eta), eta  # ORIGIN


def build_model():
    torch.manual_seed(1)
    return Frequency()


def make_batch():
    stream = torch.Generator().manual_seed(13)
    exposure = torch.rand(8, generator=stream)
    exposure[6] = 120.0
    return {"x": torch.randn(8, 4, generator=stream), "exposure": exposure,
            "claims": torch.ones(8)}  # fmt: skip


def compute_loss(model, batch):
    rate, eta = model(batch["x"], batch["exposure"])
    return (rate - batch["claims"] * eta).mean()


def fixed_code():
    def loss(model, batch):
        model.limit = 30.0
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["exp"], "marker": "# ORIGIN",
    "samples": [6], "cause": "exp_overflow", "fixed_by": ["drop_samples", "fp64", "code"],
}  # fmt: skip
