"""What a checkpoint tells of its optimizer's kind and settings; no cause is named here."""

from __future__ import annotations

from nandoctor.evidence import Evidence

ADAPTIVE = ("adam", "lamb", "lion", "adagrad", "adafactor", "rmsprop")


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
