"""The shipped runs through the command line: the cause in the table, silence where healthy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from nandoctor.cli.app import app
from nandoctor.reports.schema import report_schema

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2] / "sample_checkpoints"
EXPECTED = tomllib.loads((ROOT / "expected.toml").read_text(encoding="utf-8"))
CRASHED = [name for name, run in EXPECTED.items() if "cause" in run]
HEALTHY = [name for name in EXPECTED if name not in CRASHED]


@pytest.fixture(scope="module")
def diagnosed():
    """Return the exit code and the JSON report of a run, diagnosed once; it fits the schema."""
    kept = {}

    def diagnose(name):
        if name not in kept:
            done = CliRunner().invoke(app, ["diagnose", str(ROOT / name), "--format", "json"])
            kept[name] = done.exit_code, json.loads(done.stdout)
            jsonschema.validate(kept[name][1], report_schema())
        return kept[name]

    return diagnose


@pytest.mark.parametrize("name", CRASHED)
def test_diagnose_crashed_run_names_the_expected_cause(name, diagnosed):
    """Exit code 1, and the cause is the one that the table gives."""
    code, report = diagnosed(name)
    assert code == 1 and report["status"] == "found"
    assert report["diagnosis"]["cause"] == EXPECTED[name]["cause"]
    assert report["prescriptions"] and report["decision"]


@pytest.mark.parametrize("name", HEALTHY)
def test_diagnose_healthy_run_is_silent(name, diagnosed):
    """Exit code 0 and no cause is claimed."""
    code, report = diagnosed(name)
    assert code == 0 and report["status"] == "clean" and report["diagnosis"] is None


@pytest.mark.parametrize("name", CRASHED)
def test_classify_crashed_run_names_the_expected_pattern(name):
    """The log alone gives the pattern and outcome of the table."""
    path = ROOT / name / "metrics.csv"
    done = CliRunner().invoke(app, ["classify", str(path), "--format", "json"])
    pattern = json.loads(done.stdout)["pattern"]
    told = {key: EXPECTED[name][key] for key in ("pattern", "outcome") if key in EXPECTED[name]}
    assert done.exit_code == 1 and {key: pattern[key] for key in told} == told
