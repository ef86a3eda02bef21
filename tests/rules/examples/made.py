"""Evidence for the rules' examples, made from few words; every value is made up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import builders

from nandoctor.evidence import (
    Evidence,
    LogFacts,
    OpTensor,
    Origin,
    ReplayFacts,
    Source,
    TensorStats,
    Trial,
    metric_history,
)

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Example:
    """What a rule fires on, and what looks like it but is not."""

    fires: Evidence
    silent: Evidence


def operand(*offending: float, made_by: tuple[str, ...] = (), **stats: Any) -> OpTensor:
    """Build an operand with these offending values."""
    finite = [value for value in offending if math.isfinite(value)] or [0.5]
    filled = {"min": min(finite), "max": max(finite), "shape": (8, 4), "numel": 32, **stats}
    facts = builders.tensor("x", role="activation", **filled)
    return OpTensor(facts, offending=offending, made_by=made_by)


def failed(
    op: str, *operands: OpTensor, fixed: tuple[str, ...] = (), broken: tuple[str, ...] = (),
    phase: str = "forward", outputs: tuple[float, ...] = (NAN,), dtype: str = "float32",
    code: str = "", function: str = "forward", precision: str = "fp32", loss: float | None = None,
    batch: tuple[TensorStats, ...] = (), **origin: Any,
) -> Evidence:  # fmt: skip
    """Build the evidence of a step that failed at an op, with trials that fixed it or did not."""
    is_backward = phase == "backward"
    place = Source("/home/ada/model.py", 7, function, code)
    facts = Origin(
        phase=phase, module="block", op=f"{op}_backward" if is_backward else op,  # type: ignore[arg-type]
        forward_op=op if is_backward else None, source=place, user_source=place, inputs=operands,
        forward_inputs=operands if is_backward else (),
        outputs=(operand(*outputs, dtype=dtype),), **origin,
    )  # fmt: skip
    finite = 1.0 if is_backward else NAN
    replay = ReplayFacts(
        is_reproduced=True, phase=phase, loss=finite if loss is None else loss, origin=facts,  # type: ignore[arg-type]
        precision=precision, batch=batch,
    )  # fmt: skip
    return Evidence("replay", replay=replay, trials=trials(fixed, broken))


def trials(fixed: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> tuple[Trial, ...]:
    """Build trials of both outcomes."""
    return (
        *(Trial(name, "fixed", loss=1.0) for name in fixed),
        *(Trial(name, "not_fixed", loss=NAN) for name in broken),
    )


def logged(
    loss: list[float], *, pattern: str = "exponential", outcome: str = "nan", onset: int,
    crash: int | None = None, optimizer: str = "SGD", first: int = 0, checkpoint: Any = None,
    **columns: Any,
) -> Evidence:  # fmt: skip
    """Build the evidence of a run whose log exploded, with a checkpoint that is finite."""
    steps = range(first, first + len(loss))
    history = metric_history(steps, loss=loss, **columns)
    facts = builders.pattern(
        pattern=pattern, outcome=outcome, onset_step=onset, first_nonfinite_step=crash
    )
    log = LogFacts("run/metrics.csv", "csv", history, pattern=facts)
    stored = checkpoint or stored_state(optimizer=optimizer)
    return Evidence("diagnose", checkpoints=(stored,), logs=(log,))


def calm(num: int, level: float = 1.0) -> list[float]:
    """Return a healthy stretch of a curve."""
    return [level * (1 + 0.05 * math.sin(1.7 * i)) for i in range(num)]


def growing(num: int, start: float = 2.0, factor: float = 2.0) -> list[float]:
    """Return an exponential stretch of a curve."""
    return [start * factor**i for i in range(num)]


def stored_state(*tensors: TensorStats, optimizer: str = "AdamW", **training: Any) -> Any:
    """Build a scanned checkpoint with these tensors."""
    state = builders.checkpoint().training
    filled = {"optimizer": optimizer, "precision": "fp32", "loss_scale": None, "history": None}
    return builders.checkpoint(
        tensors=tensors or (builders.tensor(),), training=replace(state, **{**filled, **training})
    )


def scanned(*tensors: TensorStats, **training: Any) -> Evidence:
    """Build the evidence of an inspected checkpoint."""
    return Evidence("inspect", checkpoints=(stored_state(*tensors, **training),))
