"""What mathematics allows between Adam's moments, weights and learning rate; no cause here."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nandoctor.evidence import CheckpointFacts, Evidence, TensorStats
from nandoctor.rules.optimizer import is_adaptive


def update_bound(beta1: float, beta2: float) -> float:
    """Return the largest |exp_avg| / sqrt(exp_avg_sq) that any series of gradients can give.

    By Cauchy-Schwarz on the two exponential sums: (1-b1)^2 / ((1-b2) (1 - b1^2/b2)); infinite
    where b1^2 >= b2. With (0.9, 0.999) it is 7.3.
    """
    if not 0 <= beta1 < 1 or not 0 < beta2 < 1 or beta1 * beta1 >= beta2:
        return math.inf
    return math.sqrt((1 - beta1) ** 2 / ((1 - beta2) * (1 - beta1**2 / beta2)))


def betas_of(facts: CheckpointFacts) -> tuple[float, float]:
    """Return Adam's betas as recorded, torch's defaults where they are not."""
    for group in facts.training.param_groups:
        betas = group.get("betas")
        if isinstance(betas, (list, tuple)) and len(betas) == 2:
            return float(betas[0]), float(betas[1])
    return 0.9, 0.999


def is_spoilt(tensor: TensorStats) -> bool:
    """Whether state is non-finite; a lone infinity of other kinds may be where a minimum starts."""
    if tensor.role in ("exp_avg", "exp_avg_sq"):
        return not tensor.is_finite
    lone = tensor.numel == 1 and not tensor.num_nan
    return tensor.role == "optimizer" and not tensor.is_finite and not lone


def parameter_of(name: str) -> str:
    """Return the parameter's name within the name of a moment."""
    for word in ("exp_avg_sq", "exp_avg", "momentum_buffer"):
        name = name.replace(f".{word}", "").replace(f"{word}.", "")
    return name


def impossible_moments(facts: CheckpointFacts) -> Iterator[tuple[TensorStats, float]]:
    """Yield each first moment that no gradients can have made with its second, and by how much."""
    limit = update_bound(*betas_of(facts))
    seconds = {parameter_of(t.name): t for t in facts.tensors if t.role == "exp_avg_sq"}
    for first in facts.tensors:
        second = seconds.get(parameter_of(first.name)) if first.role == "exp_avg" else None
        if second is None or second.mean is None or first.l2 is None or second.max is None:
            continue
        # Rounding of tiny second moments to zero in fp32 is no corruption: 1e-30 is below it.
        total = max(second.mean, 0.0) * second.numel + 1e-30 * second.numel
        excess = first.l2 / math.sqrt(total)
        peak = (first.absmax or 0.0) / math.sqrt(max(second.max, 0.0) + 1e-30)
        ratio = max(excess, peak) / limit
        if ratio > 1.5:
            yield first, ratio


def travel_bound(evidence: Evidence) -> float | None:
    """Return how far any weight can have moved since the last good checkpoint, None if unknown.

    Adam: the sum of learning rates times the bound of one update. SGD: the sum of learning rate
    times gradient norm over (1 - momentum).
    """
    crash, good, history = evidence.crash, evidence.last_good, evidence.history
    if crash is None or good is None or history is None or history.lr is None:
        return None
    if any((group.get("weight_decay") or 0.0) < 0 for group in crash.training.param_groups):
        return None  # then the weights grow by themselves, without any gradient
    start, end = good.training.step, crash.training.step
    if start is None or end is None or end < start:
        return None
    rows = (history.step >= start) & (history.step < max(end, start + 1))
    rates = history.lr.values[rows & history.lr.finite]
    if not rates.size or rates.size < 0.9 * (end - start):
        return None
    if is_adaptive(evidence):
        return float(rates.sum()) * update_bound(*betas_of(crash)) * 1.1
    return _sgd_bound(evidence, rows)


def _sgd_bound(evidence: Evidence, rows: np.ndarray) -> float | None:
    crash, history = evidence.crash, evidence.history
    assert crash is not None and history is not None
    if is_adaptive(evidence) is not False or history.grad_norm is None or history.lr is None:
        return None
    norms = history.grad_norm.values[rows]
    if not np.isfinite(norms).all():
        return None
    momentum = max(
        (float(g.get("momentum") or 0.0) for g in crash.training.param_groups), default=0
    )
    if momentum >= 1:
        return None
    return float((history.lr.values[rows] * norms).sum()) / (1 - momentum) * 1.1


def moved_too_far(evidence: Evidence) -> Iterator[tuple[TensorStats, TensorStats, float]]:
    """Yield (tensor now, tensor before, bound) of weights that no optimizer step can have made."""
    bound = travel_bound(evidence)
    crash, good = evidence.crash, evidence.last_good
    if bound is None or not math.isfinite(bound) or crash is None or good is None:
        return
    before = {tensor.name: tensor for tensor in good.tensors if tensor.role == "parameter"}
    for tensor in crash.tensors:
        old = before.get(tensor.name) if tensor.role == "parameter" else None
        if old is None or tensor.absmax is None or old.absmax is None:
            continue
        if tensor.absmax - old.absmax > 2 * bound + 1e-3 * old.absmax:
            yield tensor, old, bound
