"""Which part of a vision-language model stands out, and what of the batch it prints."""

import pytest

from nandoctor.decision import diagnose, prescribe
from nandoctor.rules import run_rules
from rules.examples.parts import parts


@pytest.mark.parametrize(
    ("norms", "pattern", "component", "figures"),
    [
        ((240.0, 1.0, 1.2), "exponential", "vision", "pixels from 0 to 255"),
        ((2.0, 1e-5, 1.2), "exponential", "projector", "[4, 8] std 1e-06"),
        ((2.0, 1.0, 1.2), "oscillating", "language", "3 to 96 tokens a row, 79% padding"),
    ],
)
def test_part_that_stands_out_reaches_the_plan_with_its_figures(
    norms: tuple[float, float, float], pattern: str, component: str, figures: str
) -> None:
    """Pixels for the tower, initialisation for the projector, lengths for the language model."""
    evidence = parts(*norms, pattern=pattern)
    findings = run_rules(evidence)
    found = [finding for finding in findings if finding.cause == "part_gradients"]
    assert [finding.component for finding in found] == [component]
    plan = prescribe(evidence, findings, diagnose(evidence, findings))
    assert any(figures in item.value for item in plan)
