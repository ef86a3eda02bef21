# ruff: noqa: D101, D102
"""A recurrent filter with poles outside the unit circle grows, step by step, out of float32."""

import torch
from torch import nn


class Filter(nn.Module):
    def __init__(self):
        super().__init__()
        self.transition = nn.Parameter(1.4 * torch.eye(3))

    def forward(self, signal):
        state = signal.new_zeros(signal.shape[0], 3)
        for step in signal.unbind(1):
            state = state @ self.transition + step  # ORIGIN
        return state


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.filter = Filter()
        self.head = nn.Linear(3, 1)

    def forward(self, signal):
        return self.head(self.filter(signal))


def build_model():
    torch.manual_seed(0)
    return Model()


def make_batch():
    stream = torch.Generator().manual_seed(62)
    return {"signal": torch.randn(4, 320, 3, generator=stream)}


def compute_loss(model, batch):
    return model(batch["signal"]).mean()


TRUTH = {
    "phase": "forward", "module": "filter", "op": ["mm", "add"], "marker": "# ORIGIN",
    "samples": None, "cause": "cumulative_overflow", "fixed_by": ["fp64"],
}  # fmt: skip
