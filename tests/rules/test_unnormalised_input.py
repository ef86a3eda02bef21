"""When a smaller input proves that it was not normalised, and when it proves nothing."""

from dataclasses import replace

import builders
import pytest

from nandoctor import decision
from nandoctor.evidence import Evidence, Probe, TensorStats
from nandoctor.findings import Finding, Grade
from nandoctor.rules import run_rules
from rules.examples.data import RAW
from rules.examples.made import INF, NAN, calm, failed, logged, operand, trials

CENTRED = builders.tensor(
    "labels", role="batch", min=-1e36, max=1e36, mean=0.0, std=8e35, rms_rest=8e35
)


def crash(batch: TensorStats) -> Evidence:
    """Build a step that fails on this batch and that a smaller one cures."""
    return failed("mse_loss", operand(1e3), outputs=(INF,), batch=(batch,), fixed=("scale_input",))


def judged(evidence: Evidence) -> Finding:
    """Return the confirmed finding."""
    found = decision.confirm_all(evidence, run_rules(evidence))
    return next(finding for finding in found if finding.cause == "unnormalised_input")


@pytest.mark.parametrize(("batch", "grade"), [(RAW, Grade.verified), (CENTRED, Grade.reproduced)])
def test_unnormalised_input_is_proved_by_raw_values_only(batch: TensorStats, grade: Grade) -> None:
    """Raw pixels are raw; values that some factor blew up are another matter."""
    assert judged(crash(batch)).grade is grade


def test_unnormalised_input_on_which_the_run_trained_for_long_is_not_to_blame() -> None:
    """A stream of raw values that 150 steps survived has not suddenly become the cause."""
    run = logged([*calm(150), 9.0, NAN], onset=150, crash=151)
    size = {"pixel_values": 146.0}
    probes = (Probe(0, 1.0, 1.0, sizes=size), Probe(150, 1.0, 1.0, sizes=size))
    evidence = replace(crash(RAW), logs=run.logs, probes=probes)
    finding = judged(evidence)
    assert finding.grade is Grade.reproduced
    assert finding.score < 0.4
    assert "trained soundly on batches of this scale" in finding.against[0]


def test_unnormalised_input_names_the_scale_that_the_run_began_with() -> None:
    """The first batch had an rms of 1: the data left its scale on the way."""
    probes = (Probe(0, 1.0, 1.0, sizes={"pixel_values": 1.0}),)
    finding = judged(replace(crash(RAW), probes=probes))
    assert any("at the start of the run its rms was 1" in line for line in finding.evidence)


def test_unnormalised_input_given_a_finite_step_and_a_hard_batch_leads() -> None:
    """The stored step is still finite; its raw batch is hard on the good weights, too."""
    run = logged([*calm(60), 900.0, 700.0, 800.0, NAN], onset=60, crash=63)
    replay = replace(crash(RAW).replay, phase=None, origin=None)  # type: ignore[type-var]
    probes = (Probe(0, 1.0, 1.0), Probe(57, 1.0, 1.0), Probe(60, 900.0, 1e4))
    evidence = replace(run, replay=replay, probes=probes)
    diagnosis = decision.diagnose(evidence, run_rules(evidence))
    assert diagnosis is not None
    assert diagnosis.cause == "unnormalised_input"


@pytest.mark.parametrize(("trial", "expected"), [("broken", 0.9), ("fixed", 0.5)])
def test_loss_scale_that_falls_at_every_step_leads_unless_the_weights_are_at_fault(
    trial: str, expected: float
) -> None:
    """Six rows, six halvings, and the last good weights fail on the same batch."""
    scale = [65536.0] * 40 + [65536.0 / 2**i for i in range(6)]
    run = logged([*calm(40), *[NAN] * 6], onset=40, crash=40, loss_scale=scale)
    ran = trials(**{trial: ("old_weights",)})
    found = [f for f in run_rules(replace(run, trials=ran)) if f.cause == "loss_scale_collapse"]
    assert found[0].score == expected
