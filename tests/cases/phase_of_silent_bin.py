# ruff: noqa: D101, D102
"""Phase of a spectrum by the half-angle formula: a silent bin has real = imag = 0, and 0 / 0."""

import torch
from torch import nn


class Phase(nn.Module):
    eps = 0.0

    def forward(self, real, imag):
        magnitude = torch.sqrt(real**2 + imag**2 + self.eps)
        return 2 * torch.atan(imag / (magnitude + real))  # ORIGIN


class Vocoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.real = nn.Linear(8, 8, bias=False)
        self.imag = nn.Linear(8, 8, bias=False)
        self.phase = Phase()

    def forward(self, frame):
        return self.phase(self.real(frame), self.imag(frame))


def build_model():
    torch.manual_seed(0)
    return Vocoder()


def make_batch():
    stream = torch.Generator().manual_seed(21)
    frame = torch.randn(5, 8, generator=stream)
    frame[0] = 0.0
    return {"frame": frame, "phase": torch.randn(5, 8, generator=stream)}


def compute_loss(model, batch):
    return (1 - torch.cos(model(batch["frame"]) - batch["phase"])).mean()


def fixed_code():
    def loss(model, batch):
        model.phase.eps = 1e-8
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "phase", "op": ["div"],
    "marker": "# ORIGIN", "samples": [0], "cause": "atan2_at_origin",
    "cause_also": ["division_by_zero"],
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
