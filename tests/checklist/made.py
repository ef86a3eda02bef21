"""Evidence for the points of the checklist, made from few words; every value is made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import builders

from nandoctor.evidence import Evidence, Forecast, LogFacts, Pattern, metric_history

NAN = float("nan")


def log(
    loss: list[float], *, steps: Any = None, outcome: str = "healthy", crash: int | None = None,
    alarm: tuple[int, ...] = (), segment: Any = None, hidden: int | None = None,
    index: bool = False, **columns: Any,
) -> Evidence:  # fmt: skip
    """Build a log with these columns, and nothing else."""
    rows = range(len(loss)) if steps is None else steps
    history = metric_history(rows, loss=loss, segment=segment, is_step_index=index, **columns)
    pattern = Pattern(
        "healthy" if outcome == "healthy" else "exponential", outcome,  # type: ignore[arg-type]
        first_nonfinite_step=crash, hidden_nan_step=hidden,
    )  # fmt: skip
    facts = LogFacts("metrics.csv", "csv", history, pattern=pattern, forecast=Forecast(alarm=alarm))
    return Evidence("checklist", logs=(facts,))


def stored(**training: Any) -> Evidence:
    """Build a checkpoint with these settings, and nothing else."""
    state = replace(builders.checkpoint().training, history=None, **training)
    return Evidence("checklist", checkpoints=(builders.checkpoint(training=state, missing=()),))


def batch(*entries: Any, **replay: Any) -> Evidence:
    """Build a replay of a batch of these entries."""
    return Evidence("checklist", replay=builders.replay_facts(batch=entries, **replay))


def norms(recorded: float | None, replayed: float, **training: Any) -> Evidence:
    """Build a recorded and a replayed gradient norm."""
    replay = builders.replay_facts(grad_norm=replayed, recorded_grad_norm=recorded)
    return replace(stored(**training), replay=replay)


def step(loss: float, recorded: float | None, **more: Any) -> Evidence:
    """Build a replay that gave this loss, next to the recorded one."""
    filled = {"phase": None, "origin": None, "is_reproduced": False, **more}
    return Evidence(
        "checklist", replay=builders.replay_facts(loss=loss, recorded_loss=recorded, **filled)
    )


def image(name: str = "pixel_values", shape: Any = (8, 3, 16, 16), **stats: Any) -> Any:
    """Build an entry of the batch."""
    return builders.tensor(name, role="batch", shape=shape, **{"min": -2.0, "max": 2.0, **stats})
