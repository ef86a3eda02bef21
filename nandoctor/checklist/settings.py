"""Was the training set up well: warm-up, clipping, precision; nothing of the crash."""

from __future__ import annotations

import math

import numpy as np

from nandoctor.checklist.verdict import Verdict
from nandoctor.evidence import Evidence

MANY = 5  # skipped steps in a row: no scale helps, and nothing is trained any more


def warms_up(evidence: Evidence) -> Verdict:
    """The learning rate of the first logged steps is well below a peak that comes later."""
    history = evidence.history
    column = history.lr if history else None
    if history is None or column is None or not column.finite.any():
        return None, "the learning rate is not logged"
    first = history.segment == history.segment[0]
    rates, steps = column.values[column.finite & first], history.step[column.finite & first]
    if not rates.size:
        return None, "the learning rate is not logged at the start"
    fact = f"lr starts at {rates[0]:.3g}, peaks at {rates.max():.3g}"
    peak = int(rates.argmax())
    rises = peak <= 2 or rates[peak // 2] > 1.1 * rates[0]  # else it stood still, then jumped
    if rates[0] < 0.5 * rates[peak] and rises:
        return True, fact
    if steps[0] > 1:
        return None, f"the log starts at step {steps[0]}, where a warm-up may be over"
    return False, fact


def clips(evidence: Evidence) -> Verdict:
    """The checkpoint records a clipping threshold."""
    norm = evidence.crash.training.max_grad_norm if evidence.crash else None
    if norm is None:
        return None, "no clipping threshold is recorded in the checkpoint"
    return norm > 0 and math.isfinite(norm), f"max_grad_norm {norm:g}"


def scales_fp16(evidence: Evidence) -> Verdict:
    """fp16 training has a loss scaler; a checkpoint without one proves nothing."""
    training = evidence.crash.training if evidence.crash else None
    if training is None or training.precision is None:
        return None, "the precision is not recorded"
    if not training.precision.startswith("fp16"):
        return True, f"precision {training.precision} needs none"
    if training.scaler is not None or (training.loss_scale or 1.0) != 1.0 or _scales(evidence).size:
        return True, f"precision {training.precision}, a loss scale is recorded"
    if training.loss_scale == 1.0:
        return False, f"precision {training.precision}, loss scale 1"
    return None, f"precision {training.precision}, no loss scale in the checkpoint or the log"


def trusts_amp(evidence: Evidence) -> Verdict:
    """fp16 without a scaler, or a loss scale that fell to the end, or below 1, unnoticed."""
    scales = _scales(evidence)
    if scales.size > MANY and (np.diff(scales[-MANY - 1 :]) < 0).all():
        return True, f"the loss scale fell at each of the last {MANY} steps, to {scales[-1]:g}"
    if scales.size:
        return bool(scales.min() < 1.0), f"smallest loss scale {scales.min():g}"
    scaled, fact = scales_fp16(evidence)
    return None if scaled is None else not scaled, fact


def clips_wrongly(evidence: Evidence) -> Verdict:
    """Clipped before backward (norms of nothing) or before unscaling (norms times the scale)."""
    history = evidence.history
    norms = history.grad_norm if history else None
    if history is not None and norms is not None and history.loss is not None:
        known, losses = norms.values[norms.logged], history.loss.values[history.loss.finite]
        if known.size >= 10 and (known == 0).mean() > 0.9 and losses.size and np.ptp(losses) > 0:
            return True, f"{(known == 0).sum()} of {known.size} logged norms are 0, the loss moves"
    return _clips_scaled(evidence)


def _clips_scaled(evidence: Evidence) -> Verdict:
    """The recorded norm against the replayed one: 1 = unscaled, the loss scale = still scaled."""
    replay, training = evidence.replay, evidence.crash.training if evidence.crash else None
    if replay is None or not replay.grad_norm or not replay.recorded_grad_norm or not training:
        return None, "no replayed and recorded gradient norm to compare"
    ratio = replay.recorded_grad_norm / replay.grad_norm
    fact = f"recorded / replayed gradient norm = {ratio:.3g}"
    if abs(ratio - 1) < 0.05:
        return False, fact
    scale = training.loss_scale
    if scale is None or scale <= 1 or not abs(ratio / scale - 1) < 0.05:
        return None, fact
    if not training.max_grad_norm:
        return None, f"{fact}, the loss scale; whether it was clipped is not recorded"
    return True, f"{fact}, the loss scale of {scale:g}; clipped at {training.max_grad_norm:g}"


def _scales(evidence: Evidence) -> np.ndarray:
    column = evidence.history.loss_scale if evidence.history else None
    return column.values[column.finite] if column is not None else np.empty(0)
