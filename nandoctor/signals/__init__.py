"""Arithmetic over facts: explosion pattern, forecast, clipping advice, ranges; numpy only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nandoctor.signals.alarms import forecast
    from nandoctor.signals.clipping import ClippingAdvice, clipping_advice
    from nandoctor.signals.forecaster import Forecaster, Outlook
    from nandoctor.signals.pattern import classify_history
    from nandoctor.signals.ranges import Ranges, ranges_of, steps_to_limit

__all__ = [
    "ClippingAdvice",
    "Forecaster",
    "Outlook",
    "Ranges",
    "classify_history",
    "clipping_advice",
    "forecast",
    "ranges_of",
    "steps_to_limit",
]

_HOMES = {
    "ClippingAdvice": "clipping",
    "Forecaster": "forecaster",
    "Outlook": "forecaster",
    "classify_history": "pattern",
    "clipping_advice": "clipping",
    "forecast": "alarms",
    "Ranges": "ranges",
    "ranges_of": "ranges",
    "steps_to_limit": "ranges",
}


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use: most commands need only a part."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nandoctor.signals' has no attribute {name!r}")
    value = getattr(import_module(f"nandoctor.signals.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
