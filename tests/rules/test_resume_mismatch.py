"""Counters of the optimizer and the schedule after a resume: restored or not."""

import math
from dataclasses import replace

import builders
import pytest

from nandoctor.evidence import CheckpointFacts, Evidence
from nandoctor.findings import Finding
from nandoctor.rules import run_rules
from rules.examples.dynamics import DIVERGED, FALLING
from rules.examples.made import logged, stored_state


def found(evidence: Evidence) -> list[Finding]:
    """Return the findings of the rule."""
    return [finding for finding in run_rules(evidence) if finding.cause == "resume_mismatch"]


def stored(step: int, *, own: float | None = None, position: int | None = None) -> CheckpointFacts:
    """Build a checkpoint at a step with the optimizer's and the scheduler's own counters."""
    counter = builders.tensor("step.fc.weight", role="optimizer", min=own, max=own)
    scheduler = None if position is None else {"last_epoch": position}
    tensors = (builders.tensor(), *([counter] if own is not None else []))
    return stored_state(*tensors, step=step, scheduler=scheduler)


@pytest.mark.parametrize(
    ("position", "rates", "fires"),
    [
        (12, FALLING, True),
        (1058, FALLING, False),
        (3, [0.01] * 69, False),  # stepped once an epoch: the rate stands still between
    ],
)
def test_scheduler_far_behind_the_run_is_a_mismatch_where_it_moves_at_every_step(
    position: int, rates: list[float], fires: bool
) -> None:
    """A schedule that counts steps and stands at 12 was not restored at step 1059."""
    checkpoint = stored(1059, position=position)
    evidence = logged(DIVERGED, onset=60, crash=68, lr=rates, checkpoint=checkpoint)
    assert bool(found(evidence)) is fires


def test_scheduler_of_accumulated_steps_is_no_mismatch() -> None:
    """Four micro-batches a step: the schedule counts a fourth of what the run counts."""
    checkpoint = stored(1059, position=264)
    training = replace(checkpoint.training, accumulation_steps=4)
    evidence = logged(
        DIVERGED, onset=60, crash=68, lr=FALLING, checkpoint=replace(checkpoint, training=training)
    )
    assert not found(evidence)


@pytest.mark.parametrize(("own", "fires"), [(560.0, True), (1050.0, False)])
def test_counter_that_went_back_since_the_good_checkpoint_is_a_mismatch(
    own: float, fires: bool
) -> None:
    """It stood at 1000 in the checkpoint from before, which is above half of the run."""
    evidence = logged(DIVERGED, onset=60, crash=68, checkpoint=stored(1059, own=own))
    evidence = replace(evidence, last_good=stored(1001, own=1000.0))
    messages = [finding.message for finding in found(evidence)]
    assert any("it was not restored" in text for text in messages) is fires


def test_schedule_that_rises_from_the_start_has_nothing_to_repeat() -> None:
    """A warm-up has no earlier stretch, however few rows stand before."""
    warm_up = [0.001 * (i + 1) for i in range(69)]
    assert not found(logged(DIVERGED, onset=60, crash=68, lr=warm_up))
    short = [*[1.0] * 12, 4.0, 9.0, 30.0, 90.0, float("nan"), float("nan"), float("nan")]
    assert not found(logged(short, onset=12, crash=16, lr=warm_up[:19]))


def test_counter_behind_by_the_steps_that_were_skipped_is_no_mismatch() -> None:
    """A scaler skips each step whose gradients are not finite: these the optimizer never counts."""
    loss = [*([1.0] * 60), *([math.nan] * 60)]
    evidence = logged(loss, pattern="spike", onset=60, crash=60, checkpoint=stored(120, own=60.0))
    assert not found(evidence)
    calm = logged(
        [*([1.0] * 119), math.nan], onset=119, crash=119, checkpoint=stored(120, own=60.0)
    )
    assert found(calm)
