"""How often a pattern of such evidence is right; the figures come from benchmarks/patterns.py."""

from __future__ import annotations

from nandoctor.signals.course import Course
from nandoctor.signals.noise import ENOUGH

_HEALTHY = (0.6, 0.98)
_CRASHED = {"spike": (0.85, 0.98), "exponential": (0.85, 0.97), "oscillating": (0.65, 0.9)}
_FINITE = {"spike": (0.5, 0.95), "exponential": (0.5, 0.88), "oscillating": (0.45, 0.7)}
"""From the least to the best evidence, after a non-finite loss and where all losses are finite."""
_SPARSE_SPIKE = (0.5, 0.75)
"""A spike of a sparse log is a climb between two logged points one time in three."""
SPARSE = 5
"""Steps between two logged points from which a log is sparse."""
_UNSURE, _SURE = 20.0, 50.0
"""Heights of a passing spike, in units of the run's noise, of which little and much is certain."""


def confidence_of(course: Course, interval: int = 1) -> float:
    """Return the probability that the pattern is right.

    Args:
        course: How the run went.
        interval: Steps between two logged points.
    """
    if not len(course.height) and course.outcome == "healthy":
        return 0.0
    known = min(1.0, len(course.height) / (2 * ENOUGH))
    if course.outcome == "healthy":
        return _between(_HEALTHY, known**0.5)
    ranges = _FINITE if course.crash is None else _CRASHED
    if course.lead is not None and course.outcome in ("recovered", "ongoing"):
        share = (course.lead.significance - _UNSURE) / (_SURE - _UNSURE)
        share = min(1.0, max(0.0, share)) * known
    elif course.shape is not None:
        share = course.shape.margin
    else:
        share = known if course.crash is not None else 0.5
    if course.pattern == "spike" and interval >= SPARSE and course.outcome != "recovered":
        return _between(_SPARSE_SPIKE, share)
    return _between(ranges[course.pattern], share)


def _between(limits: tuple[float, float], share: float) -> float:
    low, high = limits
    return round(low + (high - low) * share, 3)
