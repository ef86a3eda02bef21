"""An epsilon of 0: the moments that are 0 beside broken weights, and those that are not."""

import math
from dataclasses import replace

import builders
import pytest

from nandoctor.rules import run_rules
from rules.examples.made import logged, scanned, stored_state

BROKEN = replace(builders.tensor("fc.weight"), num_nan=3)
ZEROS = builders.tensor("exp_avg_sq.fc.weight", role="exp_avg_sq", min=0.0, max=0.1, num_zero=3)


@pytest.mark.parametrize(
    ("weight", "square", "eps", "fires"),
    [
        (BROKEN, ZEROS, 0.0, True),
        (BROKEN, ZEROS, 1e-8, False),
        (BROKEN, replace(ZEROS, num_zero=0), 0.0, False),
        (builders.tensor("fc.weight"), ZEROS, 0.0, False),
    ],
)
def test_eps_of_zero_fires_beside_zero_moments_and_broken_weights(
    weight, square, eps: float, fires: bool
) -> None:
    """0 / 0 needs all three: no epsilon, a second moment of 0, and the NaN that it left."""
    evidence = scanned(weight, square, param_groups=({"lr": 1e-3, "eps": eps},))
    found = [f.message for f in run_rules(evidence) if f.cause == "optimizer_state"]
    assert any("updated by 0 / 0" in message for message in found) is fires


def test_scale_that_the_log_rounds_is_the_checkpoints() -> None:
    """A log that prints the scale without decimals ends at 1 or 0; the scaler's own is lower."""
    scales = [2.0**16 * 0.5**i for i in range(17)] + [0.0] * 8
    evidence = logged(
        [1.0] * 5 + [math.nan] * 20, pattern="spike", onset=5, crash=5, loss_scale=scales,
        checkpoint=stored_state(loss_scale=5e-23),
    )  # fmt: skip
    (found,) = [f for f in run_rules(evidence) if f.cause == "loss_scale_collapse"]
    assert found.severity == "error"
    assert "5e-23" in found.message
