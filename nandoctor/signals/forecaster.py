"""The causal crash forecast as a stream of constant size; alarms.py runs it over a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nandoctor.signals.drift import DriftDetector
from nandoctor.signals.early import EarlyClimb
from nandoctor.signals.risk import Level, next_level, probability_of, risk_score

_EARLY_SCORE = 1.5
_DEAD_SCORE = 1e3
_MIN_LOST = 24
"""Gradients in a row that are not finite: more than a loss scaler needs to find its level."""
_LOST = 3.0
"""Above this many times where it began, a loss that drifts up needs no gradients as witnesses."""
_HALVING = 3.0
_LR_JUMP, _HAZARD = 3.0, 4.0


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
        self._early = EarlyClimb()
        self._level: Level = "calm"
        self._num_lost = 0
        self._scale = self._highest_lr = 0.0
        self._peak = self._survived = 0.0
        self._is_dead = False

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
            step: The step of the row; the estimate goes by rows and does not use it.
            loss: The training loss; None = not logged, NaN or Inf = the crash itself.
            grad_norm: The global gradient norm before clipping.
            lr: The learning rate; a jump beyond all before is a hazard.
            loss_scale: The mixed-precision loss scale; each halving is evidence.
            update_norm: The norm of the parameter update.
        """
        level, score = self.advance(loss, grad_norm, lr, loss_scale, update_norm)
        return Outlook(level, probability_of(score))

    def advance(
        self,
        loss: float | None,
        grad_norm: float | None,
        lr: float | None,
        loss_scale: float | None,
        update_norm: float | None,
    ) -> tuple[Level, float]:
        """Take one row as ``update`` does and return the level and the score (see risk.py)."""
        if grad_norm is not None:
            self._grad.update(grad_norm)
            self._num_lost = 0 if math.isfinite(grad_norm) else self._num_lost + 1
        if update_norm is not None:
            self._update.update(update_norm)
        if lr is not None:
            self._take_lr(lr)
        if loss_scale is not None:
            if 0.0 < loss_scale < self._scale:
                self._grad.push(_HALVING * math.log2(self._scale / loss_scale))
            self._scale = loss_scale
        if loss is not None:
            self._take_loss(loss)
        score = self._score()
        if score > 0.0 or self._level != "calm":
            self._level = next_level(self._level, score, self._loss.evidence)
        return self._level, score

    @property
    def evidence(self) -> float:
        """The evidence that the loss drifts up; 0 while it is calm."""
        return self._loss.evidence

    def _take_lr(self, lr: float) -> None:
        # A restart of the schedule stays within its own range; a jump beyond it is a hazard.
        if 0.0 < _LR_JUMP * self._highest_lr < lr:
            self._loss.push(_HAZARD)
            self._grad.push(_HAZARD)
        if lr > self._highest_lr:
            self._highest_lr = lr

    def _take_loss(self, loss: float) -> None:
        detector = self._loss
        self._is_dead = not math.isfinite(loss)
        self._early.update(loss)
        detector.update(loss)
        if detector.evidence == 0.0:
            self._survived = max(self._survived, self._peak)
            self._peak = 0.0
        elif detector.rise > self._peak:
            self._peak = detector.rise

    def _score(self) -> float:
        # A log whose gradient norms were hardly ever finite says nothing by them.
        if self._is_dead or min(self._num_lost, self._grad.count) >= _MIN_LOST:
            return _DEAD_SCORE
        support = self._loss.evidence / 2.0
        if self._loss.now < _LOST * self._loss.start and (self._grad.count or self._update.count):
            support = max(self._grad.evidence, self._update.evidence)
        score = risk_score(self._loss, support, self._survived)
        return max(score, _EARLY_SCORE) if self._early.is_climbing else score

    def state_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers and strings."""
        drift = {name: getattr(self, f"_{name}").state() for name in _DETECTORS}
        return {**drift, **{name: getattr(self, f"_{name}") for name in _REST}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state of ``state_dict``."""
        for name in _DETECTORS:
            getattr(self, f"_{name}").load(state[name])
        for name in _REST:
            setattr(self, f"_{name}", state[name])


_DETECTORS = ("loss", "grad", "update", "early")
_REST = ("level", "num_lost", "scale", "highest_lr", "peak", "survived", "is_dead")
