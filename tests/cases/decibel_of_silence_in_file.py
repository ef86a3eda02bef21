# ruff: noqa: D101, D102
"""Spectrograms stored in decibels: a silent frame was written as -inf by the preprocessing."""

import torch
import torch.nn.functional as F
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(6, 8, 3, padding=1)
        self.rnn = nn.GRU(8, 8, batch_first=True)
        self.tags = nn.Linear(8, 3)

    def forward(self, decibel):
        hidden, _ = self.rnn(self.stem(decibel).transpose(1, 2))  # ORIGIN
        return self.tags(hidden[:, -1])


def build_model():
    torch.manual_seed(0)
    return Tagger()


def make_batch():
    stream = torch.Generator().manual_seed(25)
    decibel = torch.randn(6, 6, 12, generator=stream)
    decibel[3, 2, 7] = float("-inf")
    return {"decibel": decibel, "tags": torch.randint(0, 2, (6, 3), generator=stream).float()}


def compute_loss(model, batch):
    return F.binary_cross_entropy_with_logits(model(batch["decibel"]), batch["tags"])


TRUTH = {
    "phase": "batch", "module": "stem", "op": ["convolution", "conv1d"], "marker": "# ORIGIN",
    "marker_kind": "call", "bad": "decibel", "samples": [3], "cause": "bad_input",
    "fixed_by": ["clean_batch", "drop_samples"],
}  # fmt: skip
