"""Rates that were too high though the log hides it: no warm-up, a jump in the checkpoint."""

import math
from dataclasses import replace

import builders
import pytest

from nandoctor.rules import run_rules
from rules.examples.made import logged, stored_state

CALM = [2.0 - 0.01 * step for step in range(60)]
NANS = [math.nan] * 5


def fired(evidence, cause: str) -> bool:
    """Whether the rule of a cause fires."""
    return any(finding.cause == cause for finding in run_rules(evidence))


@pytest.mark.parametrize(
    ("loss", "fires"),
    [
        ([3.5, 2.6, 9.3, 7.1, *CALM, *NANS], True),
        ([3.5, 2.6, 2.3, 2.1, *CALM, *NANS], False),
        ([math.nan] * 8, False),
    ],
)
def test_missing_warmup_is_seen_in_the_first_steps(loss: list[float], fires: bool) -> None:
    """Weights thrown about at the start may fail late; what fails before an update does not."""
    crash = next(i for i, value in enumerate(loss) if math.isnan(value))
    evidence = logged(
        loss, pattern="spike", onset=crash, crash=crash, optimizer="AdamW", lr=[0.15] * len(loss)
    )
    assert fired(evidence, "missing_warmup") is fires


@pytest.mark.parametrize(("rate", "fires"), [(3000.0, True), (0.4, False)])
def test_rate_that_jumped_between_two_checkpoints_is_told_without_a_logged_rate(
    rate: float, fires: bool
) -> None:
    """The optimizer's own param groups tell what the log leaves out."""
    now, old = (
        stored_state(builders.tensor(), optimizer="SGD", param_groups=({"lr": value},))
        for value in (rate, 0.3)
    )
    loss = [*CALM, 6e4, *NANS]
    evidence = logged(loss, pattern="spike", onset=60, crash=61, checkpoint=now)
    evidence = replace(evidence, last_good=old)
    assert fired(evidence, "learning_rate_too_high") is fires
