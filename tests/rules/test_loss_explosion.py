"""The sentence of a loss that left its band."""

import builders

from nandoctor.evidence import Evidence
from nandoctor.rules.loss_explosion import RULE


def test_loss_explosion_passing_nan_before_the_last_failure_names_both() -> None:
    """A run that skipped one NaN and died later did not fail before it began to."""
    pattern = builders.pattern(
        pattern="spike", outcome="nan", onset_step=199, first_nonfinite_step=150
    )
    (found,) = RULE.check(Evidence("classify", logs=(builders.log_facts(pattern=pattern),)))
    assert found.message == "spike, non-finite at step 150, for good from step 199"


def test_loss_explosion_nan_after_the_onset_keeps_the_order_of_time() -> None:
    """The usual crash: first the rise, then the NaN."""
    pattern = builders.pattern(
        pattern="exponential", outcome="nan", onset_step=190, first_nonfinite_step=199
    )
    (found,) = RULE.check(Evidence("classify", logs=(builders.log_facts(pattern=pattern),)))
    assert found.message == "exponential from step 190, non-finite at step 199"
