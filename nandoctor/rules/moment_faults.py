"""What is wrong with the moments that a checkpoint stores; no cause is named here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nandoctor.evidence import Evidence, TensorStats
from nandoctor.rules.curve import curve_of
from nandoctor.rules.moments import impossible_moments, is_spoilt, parameter_of
from nandoctor.rules.unread import is_step_sound
from nandoctor.rules.weights import moments_went_first


class Fault(NamedTuple):
    """A moment that no sound optimizer stores."""

    message: str
    where: str
    score: float
    is_unread: bool = False


def moment_faults(evidence: Evidence) -> Iterator[Fault]:
    """Yield the negative, the non-finite and the impossible moments of the crash."""
    crash = evidence.crash
    if crash is None:
        return
    has_bad = any(t.role == "parameter" and not t.is_finite for t in crash.tensors)
    for tensor in crash.tensors:
        if tensor.role == "exp_avg_sq" and tensor.min is not None and tensor.min < 0:
            message = f"{tensor.name}: a second moment of {tensor.min:.4g} is negative"
            yield Fault(message, tensor.name, 0.97)
        elif is_spoilt(tensor):
            message = f"{tensor.name}: {tensor.num_nonfinite} values are non-finite"
            came_first = not has_bad or moments_went_first(evidence, parameter_of(tensor.name))
            is_cause = came_first and not _are_overflown_squares(evidence, tensor)
            score = 0.85 if is_cause else 0.25
            yield Fault(message, tensor.name, score, _is_unread(evidence, tensor.name))
    for tensor, ratio in impossible_moments(crash):
        message = f"{tensor.name} is {ratio:.3g} times what any gradients could have made"
        yield Fault(message, tensor.name, 0.96)


def _are_overflown_squares(evidence: Evidence, tensor: TensorStats) -> bool:
    """Whether a second moment is infinite, not NaN, after the gradients of a divergence."""
    curve = curve_of(evidence)
    is_infinite = tensor.role == "exp_avg_sq" and not tensor.num_nan
    return is_infinite and curve is not None and curve.num_rising >= 2


def _is_unread(evidence: Evidence, name: str) -> bool:
    """Whether the step was run with this state and came out finite: its parameter has no part."""
    harmless = evidence.replay.harmless if evidence.replay else ()
    is_told = any(text.startswith(f"state {name}:") for text in harmless)
    return is_told and is_step_sound(evidence)
