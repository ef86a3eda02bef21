"""A whole step of a target, run once."""

from __future__ import annotations

from dataclasses import replace

from nandoctor.snapshot import capture_rng, preserved
from nandoctor.step.outcome import outcome_of
from nandoctor.step.passes import backward, forward, started
from nandoctor.step.update import stepped
from nandoctor.target import ReplayTarget, StepOutcome


def with_fixed_rng(target: ReplayTarget) -> ReplayTarget:
    """Return the target with the RNG state that stands now, unless it has its own."""
    return target if target.rng is not None else replace(target, rng=capture_rng())


def run_step(target: ReplayTarget) -> StepOutcome:
    """Run forward, backward and, with an optimizer, the step; leave everything as it was.

    Raises:
        ReplayError: compute_loss gives no scalar, or a loss without a gradient.
    """
    with preserved(target), started(target) as batch:
        loss = forward(target, batch)
        backward(target, loss)
        outcome = outcome_of(target, loss)
        if target.optimizer is None or not outcome.is_finite:
            return outcome
        return replace(outcome, bad_after_step=stepped(target))
