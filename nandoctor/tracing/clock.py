"""How far an observation is, and when to start nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, float], None] | None


@dataclass
class Clock:
    """Tells how far the work is and when to start nothing more."""

    progress: Progress
    deadline: float

    def say(self, stage: str) -> Callable[[float], None]:
        """Return a function that reports the fraction of one stage."""

        def report(fraction: float) -> None:
            if self.progress is not None:
                self.progress(stage, fraction)

        report(0.0)
        return report
