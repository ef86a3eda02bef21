# ruff: noqa: D101, D102
"""Log-determinant of a local map that is flat for one input: the determinant is exactly 0."""

import torch
from torch import nn


class Flow(nn.Module):
    def __init__(self):
        super().__init__()
        self.jacobian = nn.Linear(2, 9, bias=False)

    def forward(self, x):
        return torch.logdet(torch.diag_embed(self.jacobian(x)[:, :3].exp() * x[:, :1]))  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return Flow()


def make_batch():
    stream = torch.Generator().manual_seed(53)
    x = torch.rand(5, 2, generator=stream) + 0.5
    x[1, 0] = 0.0
    return {"x": x}


def compute_loss(model, batch):
    return -model(batch["x"]).mean()


TRUTH = {
    "phase": "forward", "module": "", "op": ["_linalg_slogdet", "log"], "marker": "# ORIGIN",
    "samples": [1], "cause": "log_of_zero", "fixed_by": ["drop_samples"],
}  # fmt: skip
