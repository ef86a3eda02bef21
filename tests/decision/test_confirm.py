"""Grades: what a trial proves, and what it does not."""

from dataclasses import replace

import builders
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
        (trial("eps", loss=1e26),),
    ],
)
def test_confirm_without_a_proof_leaves_the_grade(trials: tuple) -> None:  # type: ignore[type-arg]
    """Not run, not fixed, failed, another intervention, a cure that only hides, an absurd loss."""
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


def test_confirm_by_leaving_most_samples_out_proves_nothing() -> None:
    """Without 5 of 8 rows almost any step is finite; without 1 of 8 the row is guilty."""
    finding = op_finding(confirmed_by=("drop_samples",))
    evidence = crashed(trial("drop_samples"))
    replay, place = evidence.replay, evidence.replay and evidence.replay.origin
    assert replay is not None
    assert place is not None
    grades = []
    for samples in ((0, 1, 2, 3, 4), (3,)):
        batch = (builders.tensor("x", role="batch", shape=(8, 4)),)
        facts = replace(replay, origin=replace(place, samples=samples), batch=batch)
        grades.append(confirm(replace(evidence, replay=facts), finding).grade)
    assert grades == [Grade.reproduced, Grade.verified]


def test_confirm_of_a_finding_that_evidence_speaks_against_is_not_raised() -> None:
    """A cure for many failures is no proof where something else is known."""
    finding = op_finding(against=("only some samples fail",))
    assert confirm(crashed(trial("eps")), finding).grade is Grade.reproduced
