"""The plain run that decides first: nothing bad comes out, nothing is wrong; no op is watched."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nandoctor.errors import NandoctorError
from nandoctor.evidence import TensorStats
from nandoctor.snapshot import Snapshot, preserved
from nandoctor.step import (
    backward,
    device_of,
    forward,
    gradients_of,
    is_out_of_memory,
    memory_error,
    outcome_of,
    started,
    stepped,
)
from nandoctor.target import ReplayTarget, StepOutcome
from nandoctor.tracing.records import Part
from nandoctor.tracing.stats import tensor_stats


@dataclass(frozen=True)
class Gate:
    """What the plain run gave.

    Args:
        part: Where the first bad result came out, None where all is finite.
        gradients: Statistics of all gradients of a run that failed before the optimizer step.
        raised: What the step raised.
    """

    outcome: StepOutcome
    part: Part | None
    gradients: tuple[TensorStats, ...] = ()
    raised: Exception | None = None


def plain_run(
    target: ReplayTarget, snapshot: Snapshot | None = None, *, with_gradients: bool = False
) -> Gate:
    """Run the step once and say which part of it fails; an exception of the step is a failure, too.

    Args:
        snapshot: Of the state that stands now.
        with_gradients: Measure every gradient even where all is finite.

    Raises:
        DeviceMemoryError: It does not fit into memory.
        ReplayError: The step cannot be run.
    """
    part: list[Part] = ["forward"]
    try:
        return _run(target, snapshot, with_gradients, part)
    except NandoctorError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise memory_error(error, device_of(target.model)) from error
        outcome = StepOutcome(float("nan"), None, 0, error=_first_line(error))
        return Gate(outcome, part[-1], raised=error)


def _run(
    target: ReplayTarget, snapshot: Snapshot | None, with_gradients: bool, part: list[Part]
) -> Gate:
    with preserved(target, snapshot), started(target) as batch:
        loss = forward(target, batch)
        part.append("backward")
        backward(target, loss)
        outcome = outcome_of(target, loss)
        measured = with_gradients or not outcome.is_finite
        gradients = gradient_stats(target) if measured else ()
        if target.optimizer is not None and outcome.is_finite:
            part.append("optimizer")
            outcome = replace(outcome, bad_after_step=stepped(target))
    return Gate(outcome, _part(outcome), gradients)


def gradient_stats(target: ReplayTarget) -> tuple[TensorStats, ...]:
    """Measure the gradients that stand in the model."""
    return tuple(tensor_stats(n, "gradient", gradient) for n, gradient in gradients_of(target))


def _part(outcome: StepOutcome) -> Part | None:
    if outcome.loss - outcome.loss != 0:
        return "forward"
    if outcome.bad_gradients:
        return "backward"
    return "optimizer" if outcome.bad_after_step else None


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
