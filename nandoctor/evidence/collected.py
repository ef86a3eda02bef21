"""All that was observed, in one value: the only input of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nandoctor.evidence.checkpoints import CheckpointFacts
from nandoctor.evidence.history import MetricHistory
from nandoctor.evidence.logs import LogFacts, Pattern
from nandoctor.evidence.replay import Probe, ReplayFacts, Trial


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not looked at, with the reason: a value, not an error."""

    what: str
    reason: str
    would_add: str = ""
    """What it would have added to the diagnosis."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was observed; the only input of the rules."""

    command: str
    inputs: tuple[str, ...] = ()
    checkpoints: tuple[CheckpointFacts, ...] = ()
    """The crash checkpoint first, then others, newest first."""
    last_good: CheckpointFacts | None = None
    """The newest checkpoint before the crash, where there is one."""
    logs: tuple[LogFacts, ...] = ()
    replay: ReplayFacts | None = None
    trials: tuple[Trial, ...] = ()
    probes: tuple[Probe, ...] = ()
    """Batches of the steps before the onset on the last good weights, by step: its own first."""
    skipped: tuple[Skipped, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    """Seconds each stage took."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Settings that the user changed, e.g. ``grad_norm``."""

    @property
    def crash(self) -> CheckpointFacts | None:
        """The crash checkpoint."""
        return self.checkpoints[0] if self.checkpoints else None

    @property
    def history(self) -> MetricHistory | None:
        """The longest log with a loss, else the crash checkpoint's own history, else any log."""
        logged = [log.history for log in self.logs if log.history.loss is not None]
        if logged:
            return max(logged, key=len)
        if self.crash:
            return self.crash.training.history
        return max((log.history for log in self.logs), key=len, default=None)

    @property
    def pattern(self) -> Pattern | None:
        """The pattern of the leading log."""
        patterns = [(len(log.history), log.pattern) for log in self.logs if log.pattern]
        return max(patterns, key=lambda pair: pair[0])[1] if patterns else None

    def trial(self, intervention: str) -> Trial | None:
        """Return the trial of that id, None where it was not run."""
        return next((t for t in self.trials if t.intervention == intervention), None)

    def is_fixed_by(self, intervention: str) -> bool:
        """Whether that intervention was run and made everything finite."""
        trial = self.trial(intervention)
        return trial is not None and trial.outcome == "fixed"
