"""A loss that leaves its level at once, at an ordinary rate; no cause is named here."""

from __future__ import annotations

from nandoctor.evidence import Evidence
from nandoctor.rules.curve import Curve, curve_of
from nandoctor.rules.optimizer import is_adaptive, param_group
from nandoctor.rules.probing import hard_batch, is_data_cleared


def leap_of_adaptive(evidence: Evidence) -> Curve | None:
    """Return the curve of an adaptive run past its peak rate that no batch explains, else None."""
    curve = curve_of(evidence)
    if curve is None or not is_adaptive(evidence) or not curve.is_past_peak or not curve.num_rising:
        return None
    at_once = abs(curve.loss[curve.onset]) > 2 * curve.level
    if not at_once or curve.is_announced or _has_rate_jump(curve):
        return None
    return curve if hard_batch(evidence, curve) is None else None


def leap_of_plain(evidence: Evidence) -> Curve | None:
    """Return the curve of an SGD run whose data, rate and momentum are cleared, else None."""
    curve = curve_of(evidence)
    if curve is None or is_adaptive(evidence) is not False or not curve.num_rising:
        return None
    if not curve.is_sudden or _has_rate_jump(curve) or not is_data_cleared(evidence, curve):
        return None
    is_damped = all(0 <= value < 1 for value in param_group(evidence, "momentum"))
    return curve if is_damped else None


def _has_rate_jump(curve: Curve) -> bool:
    jump = curve.lr_jump()
    return jump is not None and jump[0] > 1.5
