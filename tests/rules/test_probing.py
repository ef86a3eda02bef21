"""Batches near the onset on the last good weights: data, accumulation or the update?"""

from dataclasses import replace

import builders
import pytest

from nandoctor.evidence import Evidence, Probe
from nandoctor.findings import Finding
from nandoctor.rules import run_rules
from rules.examples.dynamics import BAD_BATCH, DIVERGED
from rules.examples.made import calm, logged, stored_state


def found(evidence: Evidence, cause: str) -> list[Finding]:
    """Return the findings of one cause."""
    return [finding for finding in run_rules(evidence) if finding.cause == cause]


def test_bad_batch_given_a_batch_that_is_hard_on_sound_weights_is_reproduced() -> None:
    """The jump comes back where the weights are good: the batch is to blame."""
    evidence = replace(BAD_BATCH, probes=(Probe(60, 1600.0, 440.0, 1600.0, 440.0),))
    (finding,) = found(evidence, "bad_batch")
    assert finding.grade.name == "reproduced"
    assert "1600" in finding.evidence[0]


def test_bad_batch_given_an_ordinary_batch_on_sound_weights_is_silent() -> None:
    """The same batch is as any other on the good weights: look elsewhere."""
    evidence = replace(BAD_BATCH, probes=(Probe(60, 1.02, 1.1, 1600.0, 440.0),))
    assert not found(evidence, "bad_batch")


@pytest.mark.parametrize(("recorded", "fires"), [(4.0, True), (1.0, False), (2.6, False)])
def test_gradient_accumulation_needs_a_whole_factor_at_the_same_loss(
    recorded: float, fires: bool
) -> None:
    """Four times the gradient at the recorded loss is four micro-batches; 2.6 is none."""
    evidence = replace(
        logged(DIVERGED, onset=60, crash=68), probes=(Probe(59, 0.51, 1.0, 0.51, recorded),)
    )
    assert bool(found(evidence, "gradient_accumulation")) is fires


@pytest.mark.parametrize(("loss", "fires"), [(1.02, True), (900.0, False)])
def test_optimizer_state_is_what_is_left_where_data_and_rate_are_cleared(
    loss: float, fires: bool
) -> None:
    """Adam, a falling rate that was higher before, an ordinary batch, and a loss that leaves."""
    curve = [*calm(120), *[4.0 * 1.5**i for i in range(8)], float("nan")]
    rates = [0.01 * 0.99**i for i in range(129)]
    stored = stored_state(builders.tensor(), optimizer="AdamW")
    evidence = logged(curve, onset=120, crash=128, lr=rates, checkpoint=stored)
    evidence = replace(evidence, probes=(Probe(120, loss, 1.0, 4.0, 3.0),))
    assert bool(found(evidence, "optimizer_state")) is fires


@pytest.mark.parametrize(("loss", "fires"), [(0.9, True), (40.0, False)])
def test_gradient_accumulation_given_a_norm_that_shoots_up_at_one_step(
    loss: float, fires: bool
) -> None:
    """Sixteen times the probed norm at an ordinary loss; with the loss it is divergence."""
    steps = [Probe(step, 1.0, 1.0, 1.0, 1.1) for step in (57, 58, 59)]
    probes = (*steps, Probe(60, 1.0, 1.0, loss, 16.2))
    evidence = replace(logged(DIVERGED, onset=61, crash=68), probes=probes)
    assert bool(found(evidence, "gradient_accumulation")) is fires


def test_bad_batch_on_good_weights_that_hold_a_flip_is_not_claimed() -> None:
    """On such weights every batch has a huge loss."""
    flipped = builders.tensor("w", min=-1.0, max=2e19, rms_rest=0.5, shape=(32,), numel=32)
    evidence = replace(BAD_BATCH, probes=(Probe(60, 1600.0, 440.0, 1600.0, 440.0),))
    evidence = replace(evidence, last_good=builders.checkpoint(tensors=(flipped,)))
    assert all(f.grade.name != "reproduced" for f in found(evidence, "bad_batch"))


def test_gradient_accumulation_while_the_rate_still_rises_is_not_claimed() -> None:
    """Longer and longer steps raise the norm before they raise the loss."""
    steps = [Probe(step, 1.0, 1.0, 1.0, 1.1) for step in (57, 58, 59)]
    probes = (*steps, Probe(60, 1.0, 1.0, 0.9, 16.2))
    warm_up = [0.01 * (i + 1) for i in range(69)]
    evidence = replace(logged(DIVERGED, onset=61, crash=68, lr=warm_up), probes=probes)
    assert not found(evidence, "gradient_accumulation")
