# ruff: noqa: D101, D102
"""Group-relative advantages: all answers to one prompt got the same reward, std = 0."""

import torch
import torch.nn.functional as F
from torch import nn


class Scorer(nn.Module):
    def __init__(self):
        super().__init__()
        self.logit = nn.Linear(6, 1)

    def forward(self, x):
        return F.logsigmoid(self.logit(x)).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    return Scorer()


def make_batch():
    stream = torch.Generator().manual_seed(19)
    rewards = torch.rand(5, 4, generator=stream)
    rewards[2] = 1.0
    return {"answers": torch.randn(5, 4, 6, generator=stream), "rewards": rewards}


def policy_loss(model, batch, eps):
    rewards = batch["rewards"]
    centred = rewards - rewards.mean(1, keepdim=True)
    advantages = centred / (rewards.std(1, keepdim=True) + eps)  # ORIGIN
    return -(advantages * model(batch["answers"])).mean()


def compute_loss(model, batch):
    return policy_loss(model, batch, 0.0)


def fixed_code():
    return lambda model, batch: policy_loss(model, batch, 1e-4)


TRUTH = {
    "phase": "forward", "module": "", "op": ["div"], "marker": "# ORIGIN",
    "samples": [2], "cause": "zero_variance_norm", "cause_also": ["division_by_zero"],
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
