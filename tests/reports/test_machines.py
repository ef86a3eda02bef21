"""The formats for machines: SARIF, JUnit, GitHub annotations, Markdown."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import builders
import pytest

from nandoctor.reports import RENDERERS

KINDS = (
    "report", "clean_report", "undecided_report", "files_report", "hostile_report",
    "series_report", "compare_report", "checklist_report",
)  # fmt: skip


def sarif(report):
    """Return the only run of a report in SARIF."""
    log = json.loads(RENDERERS["sarif"](report), parse_constant=pytest.fail)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    return run


@pytest.mark.parametrize("kind", KINDS)
def test_sarif_results_point_at_their_rules(kind):
    """What the standard demands: known levels, a message, rules by index, lines from 1."""
    run = sarif(getattr(builders, kind)())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for result in run["results"]:
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        assert rules[result["ruleIndex"]] == result["ruleId"]
        for location in result.get("locations", ()):
            region = location["physicalLocation"].get("region", {"startLine": 1})
            assert region["startLine"] >= 1
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", uri)


def test_sarif_diagnosed_cause_stands_first_at_its_source_line():
    """The leading result is at the line of user code that the origin names."""
    first = sarif(builders.report())["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert first["ruleId"] == "ND101" and first["properties"]["grade"] == "verified"
    assert place["artifactLocation"]["uri"] == "file:///home/ada/project/model.py"
    assert place["region"]["startLine"] == 42


def test_sarif_dynamics_finding_stands_at_the_line_of_the_log():
    """A finding from a log points at the line on which the loss went NaN."""
    found = builders.finding(code="ND601", cause="learning_rate_too_high", where="")
    report = builders.report(findings=(found,), replay=None, diagnosis=None)
    place = sarif(report)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "run/metrics.csv"
    assert place["region"]["startLine"] == 61


@pytest.mark.parametrize("kind", KINDS)
def test_junit_counts_match_the_cases(kind):
    """The XML parses and its totals are those of its cases."""
    root = ElementTree.fromstring(RENDERERS["junit"](getattr(builders, kind)()))
    assert int(root.get("tests")) == len(list(root.iter("testcase")))
    assert int(root.get("failures")) == len(list(root.iter("failure")))


def test_junit_unread_file_is_skipped_and_healthy_one_passes():
    """A file that is no log is skipped with its reason."""
    root = ElementTree.fromstring(RENDERERS["junit"](builders.files_report()))
    assert [suite.get("failures") for suite in root] == ["1", "0", "0"]
    assert [skipped.get("message") for skipped in root.iter("skipped")] == ["not a log"]


@pytest.mark.parametrize("kind", KINDS)
def test_github_every_line_is_one_annotation(kind):
    """A name cannot start an annotation of its own or break the properties of another."""
    *lines, summary = RENDERERS["github"](getattr(builders, kind)()).splitlines()
    for line in lines:
        assert re.match(
            r"::(error|warning|notice) (file=[^:,]*,)?(line=\d+,)?title=[^:,]+[^:]*::", line
        )
    assert not summary.startswith("::")


def test_markdown_hostile_names_stay_in_their_cells():
    """No HTML, heading, mention or extra cell comes out of a name."""
    text = RENDERERS["markdown"](builders.hostile_report())
    assert "\n## heading" not in text and "<script" not in re.sub(r"(`+).*?(?<!`)\1(?!`)", "", text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(widths) <= {4, 5, 6, 8}


def test_markdown_of_many_files_fits_into_a_comment():
    """GitHub refuses a comment of more than 65,536 characters."""
    files = builders.files_report("classify")
    big = builders.report(files=files.files * 100)
    assert len(RENDERERS["markdown"](big)) < 65_536
