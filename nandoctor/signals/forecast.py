"""The causal crash forecast: a streaming detector of constant size, and its run over a log."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nandoctor.evidence import Forecast, MetricHistory
from nandoctor.signals.drift import DriftDetector

Level = Literal["calm", "watch", "alarm"]

WATCH, ALARM = 0.3, 0.7
_CALM_AGAIN = 0.5
"""A level is left when the probability falls below this share of its threshold."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the forecaster says after one row."""

    level: Level
    probability: float


class Forecaster:
    """Estimates after each row how likely the run is to crash; knows nothing of later rows.

    The state is a few hundred bytes whatever the length of the run; ``state_dict`` restores it
    exactly, so that a restart in the middle changes nothing.
    """

    def __init__(self) -> None:
        self._loss = DriftDetector()
        self._grad = DriftDetector()
        self._update = DriftDetector()
        self._level: Level = "calm"

    def update(
        self, step: int, *, loss: float | None = None, grad_norm: float | None = None,
        lr: float | None = None, loss_scale: float | None = None, update_norm: float | None = None,
    ) -> Outlook:  # fmt: skip
        """Take one row; None = not logged, NaN and Inf are themselves a sign."""
        for detector, value in (
            (self._loss, loss), (self._grad, grad_norm), (self._update, update_norm),
        ):  # fmt: skip
            if value is not None:
                detector.update(value)
        probability = self.probability()
        self._level = self._next_level(probability)
        return Outlook(self._level, probability)

    def probability(self) -> float:
        support = max(self._grad.score, self._update.score)
        score = self._loss.score + min(support, self._loss.score)
        return 1.0 - math.exp(-score / 12.0)

    def _next_level(self, probability: float) -> Level:
        if probability >= ALARM or (self._level == "alarm" and probability >= ALARM * _CALM_AGAIN):
            return "alarm"
        if probability >= WATCH or (self._level != "calm" and probability >= WATCH * _CALM_AGAIN):
            return "watch"
        return "calm"

    def state_dict(self) -> dict[str, object]:
        """Return the state as plain numbers and strings."""
        return {
            "loss": self._loss.state(), "grad": self._grad.state(),
            "update": self._update.state(), "level": self._level,
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Take over a state of ``state_dict``."""
        self._loss.load(state["loss"])
        self._grad.load(state["grad"])
        self._update.load(state["update"])
        self._level = state["level"]


def forecast(history: MetricHistory, *, crash_step: int | None = None) -> Forecast:
    """Return the steps at which each level was entered, and the lead before ``crash_step``."""
    watch: list[int] = []
    alarm: list[int] = []
    columns = {
        k: history.columns[k]
        for k in ("loss", "grad_norm", "lr", "loss_scale", "update_norm")
        if k in history.columns
    }
    for run in history.segments():
        forecaster = Forecaster()
        before: Level = "calm"
        cols = {
            k: [v if l else None for v, l in zip(c.values.tolist(), c.logged.tolist(), strict=True)]
            for k, c in run.columns.items()
            if k in columns
        }
        for i, step in enumerate(run.step.tolist()):
            level = forecaster.update(step, **{k: v[i] for k, v in cols.items()}).level
            if level != before:
                if level == "alarm":
                    alarm.append(step)
                if (level == "watch" and before == "calm") or (
                    level == "alarm" and before == "calm"
                ):
                    watch.append(step)
            before = level
    first = next((s for s in (*alarm[:1], *watch[:1])), None)
    lead = crash_step - first if crash_step is not None and first is not None else None
    return Forecast(tuple(watch), tuple(alarm), lead)
