"""From drift to risk: the score of a run's present state and the warning level that follows."""

from __future__ import annotations

import math
from typing import Literal

from nandoctor.signals.drift import DriftDetector

Level = Literal["calm", "watch", "alarm"]

WATCH, ALARM = 0.25, 0.5
"""Crash probabilities at which the two levels begin."""
_WATCH_SCORE, _ALARM_SCORE = (-math.log2(1.0 - probability) for probability in (WATCH, ALARM))
_LEAVE, _GONE = 0.5, 5.0
"""A level is left when both the score is below this share of its begin and the evidence is gone."""
_EVIDENCE = 9.0
"""Evidence that loss and gradients must both show."""
_RISE, _PER_DOUBLING, _QUICK = 0.27, 0.5, 16.0
"""Log-rise of the loss that alarms, and how much more a slow rise needs a doubling of evidence."""
_LEARNT = 1.125
"""A rise must exceed by this factor those from which the run came back by itself."""
_BACK_UP = 0.55
"""A loss below this share of where it began has lost little, whatever its rise."""


def probability_of(score: float) -> float:
    """Return the crash probability of a score: one half where the alarm begins."""
    return float(1.0 - 0.5**score)


def risk_score(loss: DriftDetector, support: float, survived: float) -> float:
    """Return 1 where the alarm begins; more is worse, without bound.

    Args:
        loss: The drift of the loss.
        support: The evidence of the gradients.
        survived: The largest log-rise from which the run came back.
    """
    if loss.evidence == 0.0 or loss.now < _BACK_UP * loss.start:
        return 0.0
    doublings = math.log2(max(1.0, loss.evidence / _QUICK))
    needed = max(_RISE * (1.0 + _PER_DOUBLING * doublings), _LEARNT * survived)
    return min(loss.evidence / _EVIDENCE, support / _EVIDENCE, loss.rise / needed)


def next_level(level: Level, score: float, evidence: float) -> Level:
    """Return the level after a score; one that was entered stays while there is evidence."""
    stays = evidence > _GONE
    if score >= _ALARM_SCORE:
        return "alarm"
    if level == "alarm" and (stays or score >= _LEAVE * _ALARM_SCORE):
        return "alarm"
    if score >= _WATCH_SCORE:
        return "watch"
    if level != "calm" and (stays or score >= _LEAVE * _WATCH_SCORE):
        return "watch"
    return "calm"
