# ruff: noqa: D101, D102
"""CTC of a licence plate: four frames cannot hold 'aaa', which needs a blank between repeats."""

import torch
import torch.nn.functional as F
from torch import nn


class Reader(nn.Module):
    is_lenient = False

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(5, 8, 3, padding=1)
        self.letters = nn.Linear(8, 6)

    def forward(self, columns, letters, num_frames):
        scores = self.letters(F.relu(self.conv(columns)).permute(2, 0, 1)).log_softmax(-1)
        lengths = torch.full((columns.shape[0],), letters.shape[1])
        sizes, lenient = (num_frames, lengths), self.is_lenient
        return F.ctc_loss(scores, letters, *sizes, zero_infinity=lenient)  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return Reader()


def make_batch():
    stream = torch.Generator().manual_seed(24)
    letters = torch.tensor([[1, 2, 3], [4, 5, 1], [2, 3, 2], [1, 1, 1], [5, 4, 3]])
    return {"columns": torch.randn(5, 5, 4, generator=stream), "letters": letters,
            "num_frames": torch.full((5,), 4)}  # fmt: skip


def compute_loss(model, batch):
    return model(batch["columns"], batch["letters"], batch["num_frames"])


def fixed_code():
    def loss(model, batch):
        model.is_lenient = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["_ctc_loss", "ctc_loss"], "marker": "# ORIGIN",
    "samples": [3], "cause": "ctc_infeasible", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
