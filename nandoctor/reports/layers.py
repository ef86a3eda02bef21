"""The weights of a checkpoint layer by layer, and which are out of their family; draws nothing."""

from __future__ import annotations

import math
import re
import statistics
from collections import defaultdict

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.flow import FlowBar, thinned
from nandoctor.reports.words import Words

FAMILY, FAR = 3, 30.0
"""Layers that make a family, and the factor from its median that puts one out of it."""


def layer_bars(report: Report, limit: int, say: Words) -> tuple[list[FlowBar], int]:
    """Return a bar a weight (root mean square, log scale) in file order, and how many are left out.

    A family is the tensors whose names differ in numbers only: the same weight of each layer.
    """
    if report.command != "inspect" or len(report.checkpoints) != 1:
        return [], 0
    weights = [t for t in report.checkpoints[0].tensors if t.role == "parameter" and t.numel > 1]
    medians = _medians(weights)
    sizes = [math.log10(size) for t in weights if (size := rms(t))]
    low, high = min(sizes, default=0.0), max(sizes, default=0.0)
    bars = [_bar(t, medians.get(_family(t)), low, high, say) for t in thinned(weights, limit)]
    return bars, max(0, len(weights) - limit)


def rms(tensor: TensorStats) -> float:
    """Root mean square of the finite elements."""
    return (tensor.l2 or 0.0) / math.sqrt(max(tensor.numel - tensor.num_nonfinite, 1))


def _family(tensor: TensorStats) -> str:
    return re.sub(r"\d+", "#", tensor.name)


def _medians(weights: list[TensorStats]) -> dict[str, float]:
    families = defaultdict(list)
    for tensor in weights:
        families[_family(tensor)].append(rms(tensor))
    return {k: statistics.median(v) for k, v in families.items() if len(v) >= FAMILY}


def _bar(tensor: TensorStats, median: float | None, low: float, high: float, say: Words) -> FlowBar:
    size = rms(tensor)
    share = (math.log10(size) - low) / (high - low) if size and high > low else float(size > 0)
    if tensor.num_nonfinite:
        return FlowBar(tensor.name, size, share, say("non-finite"), "error")
    if not size:
        return FlowBar(tensor.name, size, share, say("zero"), "")
    if median and not 1 / FAR < size / median < FAR:
        return FlowBar(tensor.name, size, share, say("out of family"), "warning")
    return FlowBar(tensor.name, size, share, "", "")
