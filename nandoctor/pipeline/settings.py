"""What the user may set for a diagnosis, and the clock of its stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

Progress = Callable[[str, float], None] | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user may set for a diagnosis or a replay.

    Args:
        model: ``FILE.py[:build_model]``, ``package.module[:attr]`` or a Hugging Face directory.
        loss: ``FILE.py:compute_loss`` where it is not in the model's file.
        batch: The saved batch, where it is not in the run directory.
        logs: Logs to read in place of those of the run directory.
        device: auto, cpu, cuda or mps.
        allow_mismatch: Load a state_dict that fits only in part.
        runs_code: False = the user's code is not executed (``--no-code``).
        interventions: Only these trials; None = all that apply.
        budget: Seconds for the trials.
        timeout: Seconds for the trace.
        include_hiding: Also try the cures that hide the fault.
        thresholds: Settings of rules, e.g. ``grad_norm``.
        exact: Sums of the scan in float64 throughout.
    """

    model: str | None = None
    loss: str | None = None
    batch: Path | None = None
    logs: tuple[Path, ...] = ()
    last_good: Path | None = None
    device: str = "auto"
    allow_mismatch: bool = False
    runs_code: bool = True
    interventions: tuple[str, ...] | None = None
    budget: float = 60.0
    timeout: float | None = None
    include_hiding: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    exact: bool = False


class Stopwatch:
    """Seconds that each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
