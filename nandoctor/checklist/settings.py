"""Was the training set up well: inputs, warm-up, clipping, precision; nothing of the crash."""

from __future__ import annotations

from nandoctor.checklist.verdict import Verdict
from nandoctor.evidence import Evidence


def inputs_normalised(evidence: Evidence) -> Verdict:
    """Float entries of the batch lie within ±20."""
    if evidence.replay is None or not evidence.replay.batch:
        return None, "no batch was saved"
    floats = [t for t in evidence.replay.batch if t.dtype.startswith(("float", "bfloat"))]
    if not floats:
        return None, "the batch holds no floating-point entry"
    worst = max(floats, key=lambda t: t.absmax or 0.0)
    fact = f"{worst.name} spans {worst.min:.4g} to {worst.max:.4g}"
    return (worst.absmax or 0.0) <= 20.0 and all(t.is_finite for t in floats), fact


def warms_up(evidence: Evidence) -> Verdict:
    """The learning rate of the first logged step is well below its peak."""
    column = evidence.history.lr if evidence.history else None
    if column is None or not column.finite.any():
        return None, "the learning rate is not logged"
    rates = column.values[column.finite]
    return bool(
        rates[0] < 0.5 * rates.max()
    ), f"lr starts at {rates[0]:.3g}, peaks at {rates.max():.3g}"


def clips(evidence: Evidence) -> Verdict:
    """The checkpoint records a clipping threshold."""
    norm = evidence.crash.training.max_grad_norm if evidence.crash else None
    if norm is None:
        return None, "no clipping threshold is recorded in the checkpoint"
    return norm > 0, f"max_grad_norm {norm:g}"


def scales_fp16(evidence: Evidence) -> Verdict:
    """fp16 training has a loss scaler."""
    training = evidence.crash.training if evidence.crash else None
    if training is None or training.precision is None:
        return None, "the precision is not recorded"
    if not training.precision.startswith("fp16"):
        return True, f"precision {training.precision} needs none"
    return training.scaler is not None, f"precision {training.precision}, scaler " + (
        "recorded" if training.scaler is not None else "not in the checkpoint"
    )


def trusts_amp(evidence: Evidence) -> Verdict:
    """fp16 without a scaler, or a loss scale that fell below 1 unnoticed."""
    column = evidence.history.loss_scale if evidence.history else None
    if column is not None and column.finite.any():
        low = float(column.values[column.finite].min())
        return low < 1.0, f"smallest loss scale {low:g}"
    scaled, fact = scales_fp16(evidence)
    return None if scaled is None else not scaled, fact


def clips_scaled(evidence: Evidence) -> Verdict:
    """The logged gradient norm still carries the loss scale: clipped before unscaling."""
    replay, history = evidence.replay, evidence.history
    scale = evidence.crash.training.loss_scale if evidence.crash else None
    if replay is None or replay.grad_norm is None or not replay.recorded_grad_norm:
        return None, "no replayed and recorded gradient norm to compare"
    ratio = replay.recorded_grad_norm / max(replay.grad_norm, 1e-30)
    fact = f"recorded / replayed gradient norm = {ratio:.3g}"
    if scale is None or scale <= 1 or history is None:
        return False, fact
    return abs(ratio / scale - 1) < 0.05, f"{fact}, loss scale {scale:g}"
