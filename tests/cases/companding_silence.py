# ruff: noqa: D101, D102
"""Signed power companding of audio: |x| ** 0.3 has an infinite slope at digital silence."""

import torch
import torch.nn.functional as F
from torch import nn


class Compand(nn.Module):
    eps = 0.0

    def forward(self, wave):
        loud = (wave.abs() + self.eps) ** 0.3  # ORIGIN
        return torch.sign(wave) * loud


class Enhancer(nn.Module):
    def __init__(self):
        super().__init__()
        self.filter = nn.Conv1d(1, 3, 5, padding=2, bias=False)
        self.compand = Compand()
        self.mix = nn.Conv1d(3, 1, 1)

    def forward(self, wave):
        return self.mix(self.compand(self.filter(wave)))


def build_model():
    torch.manual_seed(2)
    return Enhancer()


def make_batch():
    stream = torch.Generator().manual_seed(11)
    wave = torch.randn(4, 1, 40, generator=stream)
    wave[2, :, 10:22] = 0.0
    return {"wave": wave, "clean": torch.randn(4, 1, 40, generator=stream)}


def compute_loss(model, batch):
    return F.l1_loss(model(batch["wave"]), batch["clean"])


def fixed_code():
    def loss(model, batch):
        model.compand.eps = 1e-6
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "backward", "module": "compand", "op": ["pow", "mul"], "marker": "# ORIGIN",
    "samples": [2], "cause": "pow_at_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
