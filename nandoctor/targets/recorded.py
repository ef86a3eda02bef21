"""What the run wrote down about the failing step: precision, loss, gradient norm, RNG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from nandoctor.evidence import MetricHistory, TrainingState
from nandoctor.snapshot import capture_rng, restore_rng
from nandoctor.target import Precision

_AUTOCAST = {"fp16_amp": "float16", "bf16_amp": "bfloat16"}


def precision_of(training: TrainingState | None) -> Precision:
    """Return autocast and loss scale as the checkpoint records them."""
    if training is None:
        return Precision()
    scale = training.loss_scale
    usable = scale is not None and np.isfinite(scale) and scale > 0
    return Precision(
        _AUTOCAST.get(training.precision or ""), float(scale) if usable and scale else 1.0
    )


def recorded_metrics(
    training: TrainingState | None, history: MetricHistory | None
) -> Mapping[str, float]:
    """Return the loss and gradient norm that were logged for the checkpoint's step."""
    history = history or (training.history if training else None)
    if training is None or training.step is None or history is None:
        return {}
    rows = np.flatnonzero(history.step == training.step)
    found: dict[str, float] = {}
    for name in ("loss", "grad_norm", "lr", "loss_scale"):
        column = history.columns.get(name)
        logged = [row for row in rows if column is not None and column.logged[row]]
        if column is not None and logged:
            found[name] = float(column.values[logged[-1]])
    return found


def usable_rng(rng: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is no state of this machine's generators, by trying each."""
    own = capture_rng()
    listed = {k: [v] if k == "cuda" and isinstance(v, torch.Tensor) else v for k, v in rng.items()}
    try:
        return {key: value for key, value in listed.items() if _can_be_set(key, value)}
    finally:
        restore_rng(own)


def _can_be_set(key: str, value: Any) -> bool:
    try:
        restore_rng({key: value})
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError):
        return False
    return True
