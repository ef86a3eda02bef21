"""What a checkpoint tells of its optimizer: kind, settings, counters; no cause is named here."""

from __future__ import annotations

import math

from nandoctor.evidence import CheckpointFacts, Evidence
from nandoctor.rules.site import short

ADAPTIVE = ("adam", "lamb", "lion", "adagrad", "adafactor", "rmsprop")
SETTINGS = ("lr", "weight_decay", "momentum", "eps")
FP16_ZERO = 2.0**-25


def is_adaptive(evidence: Evidence) -> bool | None:
    """Whether the optimizer scales its steps by a second moment; None where unknown."""
    crash = evidence.crash
    if crash is None:
        return None
    name = (crash.training.optimizer or "").lower()
    if name:
        return any(word in name for word in ADAPTIVE)
    roles = {tensor.role for tensor in crash.tensors}
    return True if "exp_avg_sq" in roles else None


def param_group(evidence: Evidence, key: str) -> list[float]:
    """Return a hyper-parameter of every param group that has it, numbers only."""
    crash = evidence.crash
    groups = crash.training.param_groups if crash else ()
    found = [group.get(key) for group in groups]
    return [float(v) for v in found if isinstance(v, (int, float)) and not isinstance(v, bool)]


def broken_settings(evidence: Evidence) -> list[str]:
    """Return each setting that is NaN or infinite, in words."""
    return [
        f"{key} is {value}" for key in SETTINGS for value in param_group(evidence, key)
        if not math.isfinite(value)
    ]  # fmt: skip


def eps_lost_in_half(evidence: Evidence) -> float | None:
    """Return the smallest epsilon of an adaptive optimizer that is 0 in its float16 parameters."""
    crash = evidence.crash
    small = [eps for eps in param_group(evidence, "eps") if eps < FP16_ZERO]
    if crash is None or not small or not is_adaptive(evidence):
        return None
    is_half = (t.role == "parameter" and short(t.dtype) == "float16" for t in crash.tensors)
    return min(small) if any(is_half) else None


def optimizer_step(facts: CheckpointFacts | None) -> float | None:
    """Return the optimizer's own step counter, None where it has none."""
    tensors = facts.tensors if facts else ()
    counters = [t for t in tensors if t.role == "optimizer" and "step" in t.name.split(".")]
    return max((t.max for t in counters if t.max is not None), default=None)


def schedule_step(facts: CheckpointFacts | None) -> float | None:
    """Return where the stored scheduler stands in its schedule, None where there is none."""
    position = (facts.training.scheduler or {}).get("last_epoch") if facts else None
    is_number = isinstance(position, (int, float)) and not isinstance(position, bool)
    return float(position) if is_number and position is not None else None


def stored_jump(evidence: Evidence, least: float) -> str | None:
    """Return, in words, how the optimizer's rate jumped since the last good checkpoint, if it did.

    Args:
        least: The smallest factor that makes a jump.
    """
    old, new = (_stored_rate(facts) for facts in (evidence.last_good, evidence.crash))
    if not old or not new or new < least * old:
        return None
    return (f"the optimizer's learning rate is {new:.3g} at the crash, {old:.3g} in the last good "
            f"checkpoint: {new / old:.3g} times as much")  # fmt: skip


def _stored_rate(facts: CheckpointFacts | None) -> float | None:
    groups = facts.training.param_groups if facts else ()
    rates = [g["lr"] for g in groups if isinstance(g.get("lr"), (int, float))]
    return max(map(float, rates), default=None)
