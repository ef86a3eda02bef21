"""What a log says: events, the pattern of its curve, the alarms in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nandoctor.evidence.history import MetricHistory

PatternName = Literal["healthy", "spike", "exponential", "oscillating"]
Outcome = Literal["healthy", "recovered", "diverged", "nan", "inf", "ongoing"]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of a log that says more than numbers (overflow, traceback, NCCL timeout, ...)."""

    kind: str
    line: int
    text: str
    step: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a loss curve exploded. ``confidence`` is calibrated, in 0..1."""

    pattern: PatternName
    outcome: Outcome
    onset_step: int | None = None
    first_nonfinite_step: int | None = None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()
    segments: tuple[Pattern, ...] = ()
    hidden_nan_step: int | None = None
    """First step at which a log that filters NaN hid one; None where nothing is hidden."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The causal alarms of a log: each step is computed from the rows up to it only."""

    watch: tuple[int, ...] = ()
    alarm: tuple[int, ...] = ()
    lead: int | None = None
    """Steps from the first alarm (else the first watch) to the crash; None without either."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """One log, read."""

    path: str
    format: str
    history: MetricHistory
    events: tuple[LogEvent, ...] = ()
    pattern: Pattern | None = None
    forecast: Forecast | None = None
    num_lines: int = 0
    num_unread: int = 0
    unread_examples: tuple[str, ...] = ()
