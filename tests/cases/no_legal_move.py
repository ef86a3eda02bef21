# ruff: noqa: D101, D102
"""Policy over legal moves: a stalemate has no legal move, log_softmax sees only -inf."""

import torch
import torch.nn.functional as F
from torch import nn


class Policy(nn.Module):
    fill = float("-inf")

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(9, 12)
        self.moves = nn.Linear(12, 9)

    def forward(self, board, is_legal):
        logits = self.moves(torch.tanh(self.body(board))).masked_fill(~is_legal, self.fill)
        return F.log_softmax(logits, dim=-1)  # ORIGIN


def build_model():
    torch.manual_seed(0)
    return Policy()


def make_batch():
    stream = torch.Generator().manual_seed(18)
    is_legal = torch.rand(6, 9, generator=stream) < 0.5
    is_legal[:, 3] = True
    is_legal[5] = False
    return {"board": torch.randn(6, 9, generator=stream), "is_legal": is_legal,
            "played": torch.full((6,), 3)}  # fmt: skip


def compute_loss(model, batch):
    return F.nll_loss(model(batch["board"], batch["is_legal"]), batch["played"])


def fixed_code():
    def loss(model, batch):
        model.fill = -1e9
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["_log_softmax", "log_softmax"],
    "marker": "# ORIGIN", "samples": [5], "cause": "all_masked_softmax",
    "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
