"""Grades: what a trial proves, and what it does not."""

import pytest

from decision.made import crashed, dynamics_finding, healthy, op_finding, trial
from nandoctor.decision import confirm
from nandoctor.findings import Grade


def test_confirm_given_a_fixing_trial_verifies() -> None:
    """An intervention that the rule names made the step finite."""
    confirmed = confirm(crashed(trial("eps", detail="log(x + 1e-8)")), op_finding())
    assert confirmed.grade is Grade.verified
    assert "with eps (log(x + 1e-8)) the step is finite" in confirmed.evidence[0]


@pytest.mark.parametrize(
    "trials",
    [
        (),
        (trial("eps", "not_fixed"),),
        (trial("eps", "failed"),),
        (trial("drop_samples"),),
        (trial("eps", hides=True),),
    ],
)
def test_confirm_without_a_proof_leaves_the_grade(trials: tuple) -> None:  # type: ignore[type-arg]
    """Not run, not fixed, failed, another intervention, or a cure that only hides."""
    assert confirm(crashed(*trials), op_finding()).grade is Grade.reproduced


def test_confirm_of_the_course_of_a_run_is_not_raised_by_one_step() -> None:
    """One repaired step says nothing of a thousand steps before."""
    finding = dynamics_finding(confirmed_by=("eps",))
    assert confirm(crashed(trial("eps")), finding).grade is Grade.observed


def test_confirm_where_the_step_did_not_fail_proves_nothing() -> None:
    """A trial that succeeds on a sound step is no proof."""
    evidence = healthy(trials=(trial("eps"),))
    assert confirm(evidence, op_finding()).grade is Grade.reproduced


def test_confirm_of_a_note_leaves_it() -> None:
    """What cannot lead a diagnosis is not graded."""
    note = op_finding(severity="note", is_cause=False)
    assert confirm(crashed(trial("eps")), note) == note
