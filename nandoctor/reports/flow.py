"""Which gradients a report can show by layer, and which of them matter; draws nothing."""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.words import Words

EXPLODING = 1000.0
VANISHING = 1e-8
_KEY_BIAS = re.compile(r"(?:^|\.)(?:k_proj|k_lin|key|key_proj|to_k|wk|k)\.bias(?:\.grad)?$")


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


def mark_of(layer: TensorStats) -> Literal["", "vanishing", "exploding", "zero", "non-finite"]:
    """Return what is wrong with a gradient.

    That of an attention's key bias is 0 but for rounding, as a softmax does not feel a shift of all
    its scores: it is never said to vanish.
    """
    if layer.num_nonfinite:
        return "non-finite"
    if layer.l2 is None or VANISHING <= layer.l2 <= EXPLODING:
        return ""
    if layer.l2 > EXPLODING:
        return "exploding"
    if _KEY_BIAS.search(layer.name):
        return ""
    return "vanishing" if layer.l2 else "zero"


class FlowBar(NamedTuple):
    """One layer of the picture.

    Args:
        share: Length of its bar on the log scale of all layers, in 0..1.
        label: What is wrong with it, empty where nothing is.
    """

    name: str
    norm: float | None
    share: float
    label: str
    kind: Literal["", "warning", "error"]


def flow_bars(report: Report, limit: int, say: Words) -> tuple[list[FlowBar], list[str]]:
    """Return the layers worth a bar, in model order, and what is said of those left out.

    Non-finite layers have no norm to draw: where there are many, they are only counted.
    """
    layers = gradients(report)
    num_bad = sum(layer.num_nonfinite > 0 for layer in layers)
    is_flooded = num_bad > min(limit, len(layers)) // 4
    kept = [t for t in layers if not (is_flooded and t.num_nonfinite)]
    norms = [layer.l2 for layer in layers if layer.l2]
    span = (math.log10(min(norms)), math.log10(max(norms))) if norms else (0.0, 0.0)
    bars = [_bar(layer, span, say) for layer in thinned(kept, limit)]
    notes = []
    if len(kept) > limit:
        notes.append(say("{n} more layers", n=len(kept) - limit))
    if is_flooded:
        text = "{n} of {all} gradients are non-finite"
        notes.append(say(text, n=num_bad, all=len(layers)))
    return bars, notes


def _bar(layer: TensorStats, span: tuple[float, float], say: Words) -> FlowBar:
    low, high = span
    share = 0.0
    if layer.l2:
        share = (math.log10(layer.l2) - low) / (high - low) if high > low else 1.0
    mark = mark_of(layer)
    kind = _KINDS[mark]
    return FlowBar(layer.name, layer.l2, share, say(mark) if mark else "", kind)


_KINDS: dict[str, Literal["", "warning", "error"]] = {
    "": "", "zero": "warning", "vanishing": "warning", "exploding": "error", "non-finite": "error",
}  # fmt: skip
