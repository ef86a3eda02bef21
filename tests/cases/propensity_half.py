# ruff: noqa: D101, D102
"""Inverse propensity weights in float16: a probability of 1e-8 rounds to 0, its inverse is inf."""

import torch
from torch import nn


class Propensity(nn.Module):
    def __init__(self):
        super().__init__()
        self.effect = nn.Linear(4, 1)

    def forward(self, x, log_odds):
        chance = torch.exp(log_odds)
        return self.effect(x).squeeze(-1), 1 / chance  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return Propensity().half()


def make_batch():
    stream = torch.Generator().manual_seed(15)
    log_odds = -torch.rand(6, generator=stream)
    log_odds[0] = -18.5
    return {"x": torch.randn(6, 4, generator=stream).half(), "log_odds": log_odds.half(),
            "y": torch.randn(6, generator=stream).half()}  # fmt: skip


def compute_loss(model, batch):
    effect, weight = model(batch["x"], batch["log_odds"])
    return (weight.float() * (effect - batch["y"]).float() ** 2).mean()


TRUTH = {
    "phase": "forward", "module": "", "op": ["reciprocal", "div", "mul"], "marker": "# ORIGIN",
    "samples": [0], "cause": "fp16_underflow", "cause_also": ["division_by_zero"],
    "fixed_by": ["fp32", "drop_samples"],
}  # fmt: skip
