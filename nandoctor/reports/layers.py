"""The weights of a checkpoint layer by layer, and which are marked; draws nothing."""

from __future__ import annotations

import math

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.flow import FlowBar, thinned
from nandoctor.reports.words import Words


def layer_bars(report: Report, limit: int, say: Words) -> tuple[list[FlowBar], int]:
    """Return a bar a weight (root mean square, log scale) in file order, how many are left out."""
    if report.command != "inspect" or len(report.checkpoints) != 1:
        return [], 0
    weights = [t for t in report.checkpoints[0].tensors if t.role == "parameter" and _counts(t)]
    strangers = {found.where for found in report.findings if found.cause == "out_of_family"}
    sizes = [math.log10(size) for t in weights if (size := rms(t))]
    low, high = min(sizes, default=0.0), max(sizes, default=0.0)
    bars = [_bar(t, t.name in strangers, low, high, say) for t in thinned(weights, limit)]
    return bars, max(0, len(weights) - limit)


def _counts(tensor: TensorStats) -> bool:
    """Whether it says something of its layer: a scalar does not, nor a bias that is still zero."""
    is_zero_vector = len(tensor.shape) < 2 and tensor.is_finite and not tensor.l2
    return tensor.numel > 1 and not is_zero_vector


def rms(tensor: TensorStats) -> float:
    """Root mean square of the finite elements."""
    return (tensor.l2 or 0.0) / math.sqrt(max(tensor.numel - tensor.num_nonfinite, 1))


def _bar(tensor: TensorStats, is_strange: bool, low: float, high: float, say: Words) -> FlowBar:
    size = rms(tensor)
    share = (math.log10(size) - low) / (high - low) if size and high > low else float(size > 0)
    if tensor.num_nonfinite:
        return FlowBar(tensor.name, size, share, say("non-finite"), "error")
    if not size:
        return FlowBar(tensor.name, size, share, say("zero"), "")
    if is_strange:
        return FlowBar(tensor.name, size, share, say("out of family"), "warning")
    return FlowBar(tensor.name, size, share, "", "")
