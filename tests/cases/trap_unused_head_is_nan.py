# ruff: noqa: D101, D102
"""The auxiliary head is NaN since it was switched off; the loss does not use it."""

import torch
import torch.nn.functional as F
from torch import nn


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 6)
        self.main = nn.Linear(6, 2)
        self.auxiliary = nn.Linear(6, 3)

    def forward(self, x):
        hidden = torch.relu(self.body(x))
        return self.main(hidden), self.auxiliary(hidden.detach())


def build_model():
    torch.manual_seed(0)
    model = TwoHeads()
    with torch.no_grad():
        model.auxiliary.weight.fill_(float("nan"))
    return model


def make_batch():
    stream = torch.Generator().manual_seed(41)
    return {"x": torch.randn(6, 5, generator=stream),
            "y": torch.randint(0, 2, (6,), generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    main, _ = model(batch["x"])
    return F.cross_entropy(main, batch["y"])


TRUTH = {
    "phase": "none", "module": None, "op": [], "marker": None,
    "samples": None, "cause": "none", "fixed_by": [],
}  # fmt: skip
