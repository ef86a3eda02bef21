"""SARIF and JUnit by models that others made: of the published SARIF schema, and a CI's parser."""

from __future__ import annotations

import json
from dataclasses import replace

import builders
import junitparser
import pydantic
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from nandoctor.reports import RENDERERS, View

KINDS = (
    "report", "clean_report", "undecided_report", "files_report", "hostile_report",
    "series_report", "compare_report", "checklist_report",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_sarif_any_report_is_valid_by_the_published_schema(kind, lang):
    """pydantic_sarif is generated from sarif-schema-2.1.0.json and forbids unknown keys."""
    text = RENDERERS["sarif"](getattr(builders, kind)(), View(lang=lang))
    log = Sarif.model_validate_json(text)
    assert log.version.value == "2.1.0" and len(log.runs) == 1


def test_sarif_with_an_unknown_key_or_level_is_refused_by_the_model():
    """The model checks what it is used for."""
    log = json.loads(RENDERERS["sarif"](builders.report()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(pydantic.ValidationError, match="level"):
        Sarif.model_validate(log)
    with pytest.raises(pydantic.ValidationError, match="oracle"):
        Sarif.model_validate(json.loads(RENDERERS["sarif"](builders.report())) | {"oracle": 1})


@pytest.mark.parametrize("kind", KINDS)
def test_junit_any_report_is_read_by_a_ci_parser(kind):
    """junitparser finds the cases, failures and skips that the report has."""
    text = RENDERERS["junit"](getattr(builders, kind)())
    suites = junitparser.JUnitXml.fromstring(text.encode())
    failed = [case for suite in suites for case in suite if case.is_failure]
    assert suites.failures == len(failed) and suites.tests >= len(failed)
    assert all(case.name and case.classname for suite in suites for case in suite)


def test_github_special_characters_are_escaped_as_the_runner_undoes_them():
    """Data escapes percent and line ends, a property also colon and comma."""
    found = builders.finding(message="50 % of a:b, c\nnext", where="")
    place = replace(builders.source(), file="dir:a,b/100%.py")
    replay = builders.replay_facts(origin=builders.origin(source=place, user_source=place))
    line = RENDERERS["github"](builders.report(findings=(found,), replay=replay)).splitlines()[0]
    command, _, data = line.removeprefix("::").partition("::")
    assert "file=dir%3Aa%2Cb/100%25.py" in command
    assert data.startswith("50 %25 of a:b, c") and "\n" not in data
