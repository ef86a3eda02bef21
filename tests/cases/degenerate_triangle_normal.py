# ruff: noqa: D101, D102
"""Unit normals of a mesh: two edges of a collapsed triangle are parallel, the normal is 0 / 0."""

import torch
import torch.nn.functional as F
from torch import nn


class Normals(nn.Module):
    eps = 0.0

    def forward(self, corners):
        edges = corners[..., 1:, :] - corners[..., :1, :]
        normal = torch.linalg.cross(edges[..., 0, :], edges[..., 1, :])
        length = normal.norm(dim=-1, keepdim=True)
        return normal / (length + self.eps)  # ORIGIN


class Shading(nn.Module):
    def __init__(self):
        super().__init__()
        self.deform = nn.Linear(3, 3)
        self.normals = Normals()
        self.light = nn.Parameter(torch.tensor([0.3, 0.5, 0.8]))

    def forward(self, corners):
        return self.normals(self.deform(corners)) @ self.light


def build_model():
    torch.manual_seed(8)
    return Shading()


def make_batch():
    stream = torch.Generator().manual_seed(7)
    corners = torch.randn(6, 5, 3, 3, generator=stream)
    corners[0, 2] = corners[0, 2, :1]
    return {"corners": corners, "brightness": torch.rand(6, 5, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["corners"]), batch["brightness"])


def fixed_code():
    def loss(model, batch):
        model.normals.eps = 1e-8
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "normals", "op": ["div"], "marker": "# ORIGIN",
    "samples": [0], "cause": "norm_at_zero", "cause_also": ["division_by_zero"],
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
