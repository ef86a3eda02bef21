"""Which gradients a report can show by layer, and which of them matter; draws nothing."""

from __future__ import annotations

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report

EXPLODING = 1000.0
VANISHING = 1e-8


def gradients(report: Report) -> list[TensorStats]:
    """Return the gradients by parameter in model order: replayed, else stored."""
    if report.replay is not None and report.replay.gradients:
        return list(report.replay.gradients)
    for facts in report.checkpoints:
        stored = [stats for stats in facts.tensors if stats.role == "gradient"]
        if stored:
            return stored
    return []


def thinned(layers: list[TensorStats], limit: int) -> list[TensorStats]:
    """Keep the layers that stand out, bad and extreme ones first, in their old order."""
    if len(layers) <= limit:
        return layers
    norms = sorted(layer.l2 or 0.0 for layer in layers)
    median = norms[len(norms) // 2] or 1.0

    def strangeness(index: int) -> float:
        layer = layers[index]
        norm = layer.l2 or 0.0
        ratio = max(norm / median, median / norm) if norm else float("inf")
        return ratio + (1e30 if layer.num_nonfinite else 0.0)

    kept = sorted(range(len(layers)), key=strangeness, reverse=True)[:limit]
    return [layers[index] for index in sorted(kept)]
