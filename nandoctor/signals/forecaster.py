"""The causal crash forecast as a stream of constant size; alarms.py runs it over a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nandoctor.signals.drift import DriftDetector

Level = Literal["calm", "watch", "alarm"]

WATCH, ALARM = 0.25, 0.5
"""Crash probabilities at which the two levels begin."""
_LEAVE, _GONE = 0.5, 5.0
"""A level is left when both the score is below this share of its begin and the evidence is gone."""
_EVIDENCE = 10.0
"""Evidence that loss and gradients must both show."""
_RISE, _PER_DOUBLING = 0.3, 0.5
"""Log-rise of the loss that alarms, and how much more a slow rise needs a doubling of evidence."""
_QUICK = 16.0
_LEARNT = 1.25
"""A rise must exceed by this factor those from which the run came back by itself."""
_BACK_UP = 0.55
"""A loss below this share of where it began has lost little, whatever its rise."""
_EARLY, _EARLY_RISE, _EARLY_BEFORE, _EARLY_SCORE = 20, 6.0, 2.0, 1.5
_HALVING = 3.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the forecaster says after one row."""

    level: Level
    probability: float


class Forecaster:
    """Estimates after each row how likely the run is to crash; knows nothing of later rows.

    Loss and gradients must both drift up against the run's own noise (a CUSUM of robust residuals
    each), and the loss must have risen by more than the run has shown to survive. The state is a
    few hundred bytes whatever the length of the run; ``state_dict`` restores it exactly.
    """

    def __init__(self) -> None:
        self._loss = DriftDetector()
        self._grad = DriftDetector()
        self._update = DriftDetector()
        self._level: Level = "calm"
        self._previous = math.inf
        self._scale = 0.0
        self._peak = self._survived = 0.0
        self._early = self._is_dead = False

    def update(
        self,
        step: int,
        *,
        loss: float | None = None,
        grad_norm: float | None = None,
        lr: float | None = None,
        loss_scale: float | None = None,
        update_norm: float | None = None,
    ) -> Outlook:
        """Take one row and return the outlook after it.

        Args:
            step: The step of the row; kept for symmetry, the estimate counts rows.
            loss: The training loss; None = not logged, NaN or Inf = the crash itself.
            grad_norm: The global gradient norm before clipping.
            lr: The learning rate.
            loss_scale: The mixed-precision loss scale; each halving is evidence.
            update_norm: The norm of the parameter update.
        """
        if grad_norm is not None:
            self._grad.update(grad_norm)
        if update_norm is not None:
            self._update.update(update_norm)
        if loss_scale is not None:
            if 0.0 < loss_scale < self._scale:
                self._grad.push(_HALVING * math.log2(self._scale / loss_scale))
            self._scale = loss_scale
        if loss is not None:
            self._take_loss(loss)
        score = self._score()
        self._level = self._next_level(score)
        return Outlook(self._level, 1.0 - 0.5**score)

    def _take_loss(self, loss: float) -> None:
        detector = self._loss
        self._is_dead = not math.isfinite(loss)
        first = detector.first
        # In the first steps no noise is known yet: two great rises in a row are the sign.
        self._early = (
            0 < detector.count < _EARLY
            and loss > _EARLY_RISE * first
            and loss > self._previous > _EARLY_BEFORE * first
        )
        self._previous = loss
        detector.update(loss)
        if detector.evidence == 0.0:
            self._survived = max(self._survived, self._peak)
            self._peak = 0.0
        elif detector.rise > self._peak:
            self._peak = detector.rise

    def _score(self) -> float:
        """Return 1 where the alarm begins; more is worse, without bound."""
        if self._is_dead:
            return 1e3
        loss = self._loss
        score = _EARLY_SCORE if self._early else 0.0
        if loss.evidence == 0.0 or loss.now < _BACK_UP * loss.start:
            return score
        support = loss.evidence / 2.0
        if self._grad.count or self._update.count:
            support = max(self._grad.evidence, self._update.evidence)
        quick = max(1.0, loss.evidence / _QUICK)
        needed = max(_RISE * (1.0 + _PER_DOUBLING * math.log2(quick)), _LEARNT * self._survived)
        return max(score, min(loss.evidence / _EVIDENCE, support / _EVIDENCE, loss.rise / needed))

    def _next_level(self, score: float) -> Level:
        watch, alarm = _score_at(WATCH), _score_at(ALARM)
        stays = self._loss.evidence > _GONE
        if score >= alarm or (self._level == "alarm" and (stays or score >= _LEAVE * alarm)):
            return "alarm"
        if score >= watch or (self._level != "calm" and (stays or score >= _LEAVE * watch)):
            return "watch"
        return "calm"

    def state_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers and strings."""
        return {
            "loss": self._loss.state(),
            "grad_norm": self._grad.state(),
            "update_norm": self._update.state(),
            "level": self._level,
            "rest": [
                self._previous, self._scale, self._peak, self._survived, self._early,
                self._is_dead,
            ],
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state of ``state_dict``."""
        self._loss.load(state["loss"])
        self._grad.load(state["grad_norm"])
        self._update.load(state["update_norm"])
        self._level = state["level"]
        self._previous, self._scale, self._peak, self._survived, early, dead = state["rest"]
        self._early, self._is_dead = bool(early), bool(dead)


def _score_at(probability: float) -> float:
    return -math.log2(1.0 - probability)
