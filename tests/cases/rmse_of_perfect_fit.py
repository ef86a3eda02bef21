# ruff: noqa: D101, D102
"""RMSE per trajectory: the state of a resting pendulum is predicted exactly, sqrt'(0) = inf."""

import torch
from torch import nn


class Stepper(nn.Module):
    def __init__(self):
        super().__init__()
        self.force = nn.Linear(4, 4, bias=False)

    def forward(self, state):
        return state + 0.1 * self.force(state)


def build_model():
    torch.manual_seed(0)
    return Stepper()


def make_batch():
    stream = torch.Generator().manual_seed(6)
    now = torch.randn(6, 4, generator=stream)
    after = now + 0.05 * torch.randn(6, 4, generator=stream)
    now[4], after[4] = 0.0, 0.0
    return {"now": now, "after": after}


def rmse(model, batch, eps):
    error = ((model(batch["now"]) - batch["after"]) ** 2).mean(1)
    return torch.sqrt(error + eps).mean()  # ORIGIN


def compute_loss(model, batch):
    return rmse(model, batch, 0.0)


def fixed_code():
    return lambda model, batch: rmse(model, batch, 1e-12)


TRUTH = {
    "phase": "backward", "module": "", "op": ["sqrt", "div", "mul"], "marker": "# ORIGIN",
    "samples": [4], "cause": "sqrt_at_zero", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
