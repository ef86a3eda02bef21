"""What holds for every rule: its page, its code, its example and its look-alike."""

from __future__ import annotations

import re
from pathlib import Path

import builders
import pytest

import nandoctor.rules
from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Rule
from nandoctor.interventions import INTERVENTIONS
from nandoctor.rules import RULES, find_rule, run_rules
from rules.examples import EXAMPLES

HEADINGS = [
    "What it does", "Why it matters", "Example", "Use instead", "Look-alikes", "References",
]  # fmt: skip
FILES = Path(nandoctor.rules.__file__).parent
HEALTHY = Evidence(
    "diagnose",
    checkpoints=(builders.checkpoint(missing=()),),
    logs=builders.clean_report().logs,
)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)


def own(rule: Rule, evidence: Evidence) -> list[Finding]:
    """Return the findings of one rule that are more than notes about a bystander."""
    return [finding for finding in rule.check(evidence) if finding.cause == rule.cause]


@every_rule
def test_page_of_a_rule_has_the_fixed_headings(rule: Rule) -> None:
    """Every page says the same things in the same order, and nothing is left empty."""
    parts = re.split(r"^## (.+)$", rule.doc.strip(), flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])


@every_rule
def test_rule_stands_in_a_file_named_after_its_cause(rule: Rule) -> None:
    """One word everywhere."""
    assert (FILES / f"{rule.cause}.py").is_file()
    assert re.fullmatch(r"ND[1-9]\d\d", rule.code)


def test_codes_and_causes_are_unique_and_every_rule_file_is_registered() -> None:
    """No code or cause twice, no rule forgotten."""
    assert len({rule.code for rule in RULES}) == len({rule.cause for rule in RULES}) == len(RULES)
    written = {path.stem for path in FILES.glob("*.py") if "RULE = " in path.read_text()}
    assert written == {rule.cause for rule in RULES}


@every_rule
def test_confirming_interventions_of_a_rule_exist(rule: Rule) -> None:
    """A cause is confirmed by trials that can be run, and by none that only hides."""
    known = {item.name for item in INTERVENTIONS if not item.hides}
    assert set(rule.confirmed_by) <= known


@every_rule
def test_rule_given_its_example_fires(rule: Rule) -> None:
    """The rule names its own cause, with its code."""
    found = own(rule, EXAMPLES[rule.cause].fires)
    assert found
    assert {finding.code for finding in found} == {rule.code}
    assert all(finding.message for finding in found)


@every_rule
def test_rule_given_its_look_alike_stays_silent(rule: Rule) -> None:
    """What only looks like the cause is not reported as it."""
    assert not own(rule, EXAMPLES[rule.cause].silent)


@every_rule
def test_rule_given_a_healthy_run_or_nothing_stays_silent(rule: Rule) -> None:
    """A sound run, and no evidence at all, give no finding."""
    assert not rule.check(HEALTHY)
    assert not rule.check(Evidence("diagnose"))


@every_rule
def test_rule_raises_no_grade_to_verified(rule: Rule) -> None:
    """Only decision.confirm does."""
    assert all(f.grade.name != "verified" for f in rule.check(EXAMPLES[rule.cause].fires))


def test_run_rules_sorts_errors_first_and_names_what_confirms() -> None:
    """Severity leads, then how well a finding fits."""
    found = run_rules(builders.evidence())
    order = ["error", "warning", "note"]
    keys = [(order.index(finding.severity), -finding.score) for finding in found]
    assert keys == sorted(keys)
    log = next(finding for finding in found if finding.cause == "log_of_zero")
    assert "eps" in log.confirmed_by


@pytest.mark.parametrize("name", ["ND101", "nd101", "log_of_zero", "LOG_OF_ZERO"])
def test_find_rule_by_code_or_cause_ignores_case(name: str) -> None:
    """A rule is found by its code and by its cause."""
    rule = find_rule(name)
    assert rule is not None
    assert rule.cause == "log_of_zero"


def test_find_rule_of_an_unknown_name_returns_none() -> None:
    """There is no rule of that name."""
    assert find_rule("gremlins") is None
