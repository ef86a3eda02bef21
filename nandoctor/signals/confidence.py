"""How often a pattern of such evidence is right; the figures come from benchmarks/patterns.py."""

from __future__ import annotations

from nandoctor.signals.course import Course
from nandoctor.signals.noise import ENOUGH

_RANGE = {
    "healthy": (0.85, 0.97),
    "spike": (0.75, 0.97),
    "exponential": (0.65, 0.95),
    "oscillating": (0.65, 0.9),
}
_SURE = 100.0


def confidence_of(course: Course) -> float:
    """Return the probability that the pattern is right."""
    num_points = len(course.height)
    known = min(1.0, num_points / (2 * ENOUGH))
    if course.outcome == "healthy":
        return _between("healthy", known)
    if course.shape is None or course.lead is None:
        return _between("spike", known if course.outcome != "recovered" else 0.5)
    if course.outcome in ("recovered", "ongoing"):
        return _between("spike", min(1.0, course.lead.significance / _SURE) * known)
    return _between(course.shape.pattern, course.shape.margin)


def _between(pattern: str, share: float) -> float:
    low, high = _RANGE[pattern]
    return round(low + (high - low) * share, 3)
