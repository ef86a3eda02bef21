"""Which cause leads, how sure it is, and when nandoctor abstains."""

import builders
import pytest

from decision.made import crashed, dynamics_finding, healthy, op_finding, recovered, trial
from nandoctor.decision import diagnose
from nandoctor.evidence import Evidence
from nandoctor.findings import Grade


def test_diagnose_healthy_run_gives_none_even_with_findings() -> None:
    """Nothing crashed, so there is no cause."""
    assert diagnose(healthy(), (op_finding(severity="warning"),)) is None


def test_diagnose_recovered_spike_gives_none() -> None:
    """A spike that healed is no crash."""
    evidence = healthy(logs=(builders.log_facts(pattern=recovered()),))
    assert diagnose(evidence, (dynamics_finding(),)) is None


def test_diagnose_without_findings_abstains() -> None:
    """A crash that no rule explains has no cause."""
    assert diagnose(crashed(), ()) is None


def test_diagnose_with_weak_findings_abstains() -> None:
    """Nothing fits well enough."""
    assert diagnose(crashed(), (op_finding(score=0.2),)) is None


def test_diagnose_verified_op_without_rise_leads() -> None:
    """The op that a trial proved is the cause where nothing came before."""
    verdict = diagnose(crashed(trial("eps")), (op_finding(),))
    assert verdict is not None
    assert (verdict.cause, verdict.grade) == ("log_of_zero", Grade.verified)
    assert verdict.mechanism is None
    assert verdict.confidence > 0.9


def test_diagnose_op_after_a_divergence_is_the_mechanism() -> None:
    """The earliest link leads: the good weights pass the same batch and the log diverges before."""
    trials = trial("eps"), trial("old_weights")
    verdict = diagnose(crashed(*trials), (op_finding(), dynamics_finding()))
    assert verdict is not None
    assert verdict.cause == "learning_rate_too_high"
    assert verdict.mechanism == "log_of_zero"
    assert verdict.grade is Grade.reproduced
    assert verdict.alternatives[0].cause == "log_of_zero"
    assert "last good weights pass" in verdict.alternatives[0].ruled_out_by


def test_diagnose_batch_that_fails_on_old_weights_rules_the_dynamics_out() -> None:
    """The training before is not to blame."""
    trials = trial("eps"), trial("old_weights", "not_fixed")
    verdict = diagnose(crashed(*trials), (op_finding(), dynamics_finding()))
    assert verdict is not None
    assert verdict.cause == "log_of_zero"
    assert "last good weights, too" in verdict.alternatives[0].ruled_out_by


def test_diagnose_damaged_state_leads_over_the_divergence_that_it_made() -> None:
    """A state that no sound run can have comes before what the run then did."""
    state = op_finding(code="ND403", cause="optimizer_state", score=0.96, confirmed_by=())
    verdict = diagnose(crashed(trial("old_weights")), (state, dynamics_finding(), op_finding()))
    assert verdict is not None
    assert (verdict.cause, verdict.mechanism) == ("optimizer_state", "log_of_zero")


def test_diagnose_refuted_cause_gives_way() -> None:
    """What its own intervention did not fix is ruled out with that reason."""
    half = op_finding(code="ND201", cause="fp16_overflow", confirmed_by=("fp32",), score=0.95)
    trials = trial("eps"), trial("fp32", "not_fixed")
    verdict = diagnose(crashed(*trials), (half, op_finding(score=0.8)))
    assert verdict is not None
    assert verdict.cause == "log_of_zero"
    assert verdict.alternatives[0].ruled_out_by == "fp32 did not fix the step"


def test_diagnose_visible_data_leads_over_a_bad_batch() -> None:
    """A batch on the wrong scale explains the jump that it made."""
    data = op_finding(code="ND302", cause="unnormalised_input", score=0.6, confirmed_by=())
    jump = dynamics_finding(code="ND303", cause="bad_batch", score=0.65)
    verdict = diagnose(crashed(trial("old_weights")), (jump, data))
    assert verdict is not None
    assert verdict.cause == "unnormalised_input"


def test_diagnose_close_competitors_are_less_sure_than_a_lone_cause() -> None:
    """Confidence falls with the distance to the runner-up."""
    alone = diagnose(crashed(), (op_finding(),))
    close = diagnose(crashed(), (op_finding(), op_finding(cause="division_by_zero", score=0.88)))
    assert alone is not None
    assert close is not None
    assert close.confidence < alone.confidence


@pytest.mark.parametrize("grade", [Grade.observed, Grade.reproduced])
def test_diagnose_confidence_is_capped_by_the_grade(grade: Grade) -> None:
    """A claim without proof is never certain."""
    verdict = diagnose(crashed(), (op_finding(grade=grade, score=0.99),))
    assert verdict is not None
    assert verdict.confidence <= 0.9


def test_diagnose_nothing_gives_none() -> None:
    """No evidence, no cause."""
    assert diagnose(Evidence("diagnose"), ()) is None
