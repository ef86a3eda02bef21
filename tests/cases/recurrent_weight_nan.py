# ruff: noqa: D101, D102
"""One recurrent weight of an LSTM is NaN; each sequence of the batch passes it."""

import torch
import torch.nn.functional as F
from torch import nn


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(2, 4)
        self.lstm = nn.LSTM(4, 6, batch_first=True)
        self.out = nn.Linear(6, 1)

    def forward(self, series):
        hidden, _ = self.lstm(self.scale(series))  # ORIGIN
        return self.out(hidden[:, -1]).squeeze(-1)


def build_model():
    torch.manual_seed(0)
    model = Forecaster()
    with torch.no_grad():
        model.lstm.weight_hh_l0[9, 3] = float("nan")
    return model


def make_batch():
    stream = torch.Generator().manual_seed(28)
    return {"series": torch.randn(4, 7, 2, generator=stream),
            "next": torch.randn(4, generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.mse_loss(model(batch["series"]), batch["next"])


TRUTH = {
    "phase": "parameters", "module": "lstm", "op": ["lstm", "mkldnn_rnn_layer", "addmm", "linear"],
    "marker": "# ORIGIN", "marker_kind": "call", "bad": "lstm.weight_hh_l0", "samples": None,
    "cause": "bad_parameter", "fixed_by": ["reset_param"],
}  # fmt: skip
