# ruff: noqa: D101, D102
"""The cosine cache of rotary embeddings holds NaN from position 6 on (an uninitialised resize)."""

import torch
import torch.nn.functional as F
from torch import nn


class Rotary(nn.Module):
    def __init__(self):
        super().__init__()
        angle = torch.arange(8.0)[:, None] * 10 ** -torch.arange(0.0, 1.0, 0.25)
        self.register_buffer("cosine", angle.cos())
        self.register_buffer("sine", angle.sin())

    def forward(self, x):
        first, second = x.chunk(2, -1)
        cosine, sine = self.cosine[: x.shape[1]], self.sine[: x.shape[1]]
        turned = first * cosine - second * sine  # ORIGIN
        return torch.cat([turned, second * cosine + first * sine], -1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)
        self.rotary = Rotary()
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        query = self.rotary(self.query(x))
        return self.out(F.scaled_dot_product_attention(query, query, x, is_causal=True))


def build_model():
    torch.manual_seed(0)
    model = Decoder()
    model.rotary.cosine[6:] = float("nan")
    return model


def make_batch():
    stream = torch.Generator().manual_seed(29)
    return {"x": torch.randn(3, 8, 8, generator=stream),
            "y": torch.randint(0, 5, (3, 8), generator=stream)}  # fmt: skip


def compute_loss(model, batch):
    return F.cross_entropy(model(batch["x"]).flatten(0, 1), batch["y"].flatten())


TRUTH = {
    "phase": "parameters", "module": "rotary", "op": ["mul", "slice"], "marker": "# ORIGIN",
    "bad": "rotary.cosine", "samples": None, "cause": "bad_buffer", "fixed_by": ["reset_buffer"],
}  # fmt: skip
