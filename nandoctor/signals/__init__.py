"""Arithmetic over a MetricHistory: explosion pattern, forecast and clipping advice; numpy only."""

from nandoctor.signals.alarms import forecast
from nandoctor.signals.clipping import ClippingAdvice, clipping_advice
from nandoctor.signals.forecaster import Forecaster, Outlook
from nandoctor.signals.pattern import classify_history

__all__ = [
    "ClippingAdvice",
    "Forecaster",
    "Outlook",
    "classify_history",
    "clipping_advice",
    "forecast",
]
