"""What a curve alone suggests: only where nothing better decides."""

import math

import builders
import pytest

import nandoctor
from nandoctor.decision import likely_causes
from nandoctor.decision.likely import SUSPECTS
from nandoctor.rules import RULES, run_rules


def test_suspects_are_causes_that_have_a_rule() -> None:
    """Every name can be explained."""
    causes = {rule.cause for rule in RULES}
    assert {cause for suspects in SUSPECTS.values() for cause, _ in suspects} <= causes


@pytest.mark.parametrize(
    ("losses", "first"),
    [
        ([2.1, 2.0, 1.9, 8734.5, math.nan], "bad_batch"),
        ([2.0, 1.8, 2.2, 1.6, 2.5, 1.4, 3.2, 1.2, 5.8, math.nan], "optimizer_state"),
        ([2.1, 2.3, 2.8, 4.5, 12.3, 89.7, math.nan], "gradient_accumulation"),
    ],
)
def test_likely_of_a_bare_curve_names_the_pattern_s_causes(losses: list, first: str) -> None:
    """The diagnosed cause is not repeated."""
    report = nandoctor.classify(losses)
    assert report.likely[0].startswith(first)
    if report.diagnosis is not None:
        assert not any(text.startswith(report.diagnosis.cause) for text in report.likely)


def test_likely_of_a_healthy_curve_is_empty() -> None:
    """The look-alike: nothing crashed."""
    assert nandoctor.classify([2.0, 1.9, 1.8, 1.85, 1.7, 1.6]).likely == ()


def test_likely_beside_a_replay_is_empty() -> None:
    """A replayed step says more than the curve."""
    bare = builders.evidence(replay=None)
    findings = run_rules(bare)
    assert likely_causes(bare, findings, None)
    assert likely_causes(builders.evidence(), findings, None) == ()
