"""The plain run that decides first: nothing bad comes out, nothing is wrong; no op is watched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from nandoctor.errors import NandoctorError, ReplayError
from nandoctor.evidence import TensorStats
from nandoctor.snapshot import preserved
from nandoctor.step import backward, forward, outcome_of, started, stepped
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


def plain_run(target: ReplayTarget, *, with_gradients: bool = False) -> Gate:
    """Run the step once and say which part of it fails; an exception of the step is a failure, too.

    Args:
        with_gradients: Measure every gradient even where all is finite.

    Raises:
        ReplayError: The step cannot be run.
    """
    part: list[Part] = ["forward"]
    try:
        return _run(target, with_gradients, part)
    except NandoctorError:
        raise
    except torch.OutOfMemoryError as error:
        raise ReplayError(
            f"out of memory on {_device(target)}: {_first_line(error)}",
            hint="replay on the CPU (--device cpu) or with fewer samples",
        ) from error
    except Exception as error:
        outcome = StepOutcome(float("nan"), None, 0, error=_first_line(error))
        return Gate(outcome, part[-1], raised=error)


def _run(target: ReplayTarget, with_gradients: bool, part: list[Part]) -> Gate:
    with preserved(target), started(target) as batch:
        loss = forward(target, batch)
        part.append("backward")
        backward(target, loss)
        outcome = outcome_of(target, loss)
        measured = with_gradients or not outcome.is_finite
        gradients = gradients_of(target) if measured else ()
        if target.optimizer is not None and outcome.is_finite:
            part.append("optimizer")
            outcome = replace(outcome, bad_after_step=stepped(target))
    return Gate(outcome, _part(outcome), gradients)


def gradients_of(target: ReplayTarget) -> tuple[TensorStats, ...]:
    """Measure the gradients that stand in the model."""
    return tuple(
        tensor_stats(name, "gradient", parameter.grad)
        for name, parameter in target.model.named_parameters()
        if parameter.grad is not None
    )


def _part(outcome: StepOutcome) -> Part | None:
    if outcome.loss - outcome.loss != 0:
        return "forward"
    if outcome.bad_gradients:
        return "backward"
    return "optimizer" if outcome.bad_after_step else None


def _device(target: ReplayTarget) -> str:
    return str(next((p.device for p in target.model.parameters()), "cpu"))


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
