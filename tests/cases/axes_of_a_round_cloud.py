# ruff: noqa: D101, D102
"""Principal axes of a point cloud that is equally wide in all directions: eigenvalues coincide."""

import torch
import torch.nn.functional as F
from torch import nn


class Axes(nn.Module):
    def __init__(self):
        super().__init__()
        self.frame = nn.Linear(3, 3, bias=False)

    def forward(self, points):
        points = self.frame(points)
        _, axes = torch.linalg.eigh(points.transpose(1, 2) @ points)  # ORIGIN
        return axes


def build_model():
    model = Axes()
    with torch.no_grad():
        model.frame.weight.copy_(torch.eye(3))
    return model


def make_batch():
    stream = torch.Generator().manual_seed(52)
    points = torch.randn(4, 6, 3, generator=stream)
    points[3] = torch.cat([torch.eye(3), -torch.eye(3)])
    return {"points": points, "axes": torch.randn(4, 3, 3, generator=stream)}


def compute_loss(model, batch):
    return F.mse_loss(model(batch["points"]), batch["axes"])


TRUTH = {
    "phase": "backward", "module": "", "op": ["_linalg_eigh", "linalg_eigh", "div"],
    "marker": "# ORIGIN", "samples": [3], "cause": "division_by_zero", "fixed_by": ["drop_samples"],
}  # fmt: skip
