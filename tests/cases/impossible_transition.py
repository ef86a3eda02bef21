# ruff: noqa: D101, D102
"""Forward algorithm of an HMM with its own log-add: a state without predecessors is -inf - -inf."""

import torch
from torch import nn


class Chain(nn.Module):
    is_safe = False

    def __init__(self):
        super().__init__()
        self.emission = nn.Linear(3, 4)

    def forward(self, x, transition):
        alpha = self.emission(x[:, 0])
        for step in range(1, x.shape[1]):
            paths = alpha.unsqueeze(2) + transition
            best = paths.amax(1, keepdim=True)
            if self.is_safe:
                best = best.clamp(min=-1e9)
            shifted = paths - best  # ORIGIN
            total = shifted.exp().sum(1).clamp(min=1e-30 if self.is_safe else 0)
            alpha = best.squeeze(1) + total.log() + self.emission(x[:, step])
        return torch.logsumexp(alpha, 1)


def build_model():
    torch.manual_seed(0)
    return Chain()


def make_batch():
    stream = torch.Generator().manual_seed(32)
    transition = torch.zeros(5, 4, 4)
    # State 2 cannot be entered under the constraint of one sequence.
    transition[1, :, 2] = float("-inf")
    return {"x": torch.randn(5, 6, 3, generator=stream), "transition": transition}


def compute_loss(model, batch):
    return -model(batch["x"], batch["transition"]).mean()


def fixed_code():
    def loss(model, batch):
        model.is_safe = True
        return compute_loss(model, batch)

    return loss


TRUTH = {
    "phase": "forward", "module": "", "op": ["sub"], "marker": "# ORIGIN",
    "samples": [1], "cause": "inf_minus_inf", "fixed_by": ["drop_samples", "code"],
}  # fmt: skip
