# ruff: noqa: D101, D102
"""Focal loss with a focus of 1/2: at probability 1 the gradient of (1 - p) ** 0.5 is infinite."""

import torch
from torch import nn


class Focal(nn.Module):
    def forward(self, logits, label):
        chance = torch.softmax(logits, -1).gather(1, label[:, None]).squeeze(1)
        return -((1 - chance) ** 0.5 * torch.log(chance)).mean()  # ORIGIN


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.scores = nn.Linear(3, 3, bias=False)
        self.focal = Focal()

    def forward(self, x, label):
        return self.focal(self.scores(x), label)


def build_model():
    model = Classifier()
    with torch.no_grad():
        model.scores.weight.copy_(torch.eye(3))
    return model


def make_batch():
    stream = torch.Generator().manual_seed(51)
    x = torch.randn(6, 3, generator=stream)
    label = torch.randint(0, 3, (6,), generator=stream)
    x[2], label[2] = torch.tensor([0.0, 40.0, 0.0]), 1
    return {"x": x, "label": label}


def compute_loss(model, batch):
    return model(**batch)


TRUTH = {
    "phase": "backward", "module": "focal", "op": ["pow"], "marker": "# ORIGIN",
    "samples": [2], "cause": "pow_at_zero", "fixed_by": ["drop_samples"],
}  # fmt: skip
