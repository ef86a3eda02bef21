"""Redaction: nothing private survives, the diagnosis stays readable."""

from __future__ import annotations

import json

import builders
import pytest

from nandoctor.evidence import TrainingState
from nandoctor.reports import RENDERERS
from nandoctor.reports.redact import redacted

SECRETS = (
    "/home/ada", "ada", "project", "acme", "Moonshot", "torch.log(probabilities)", "metrics.csv",
    "debug_checkpoint", "Watchdog", "hunter2", "ada@example.org", "run-7",
)  # fmt: skip


def private_report():
    """Build a report full of names that only the owner may know."""
    name = "acme_reasoner.layers.3.q_proj.weight"
    training = TrainingState(step=1059, config={"api_key": "hunter2"})
    log = builders.log_facts(
        path="/data/acme/run-7/metrics.csv",
        events=(builders.log_event(),),
        unread_examples=("user ada@example.org",),
    )
    return builders.report(
        inputs=("/data/acme/run-7",),
        tensors=(builders.tensor(name, num_nan=3),),
        replay=builders.replay_facts(
            origin=builders.origin(module="acme_reasoner.layers.3", module_class="MoonshotBlock"),
            harmless=("buffer acme_reasoner.cache: 2 NaN in /tmp/acme/x",),
        ),
        findings=(
            builders.finding(
                message=f"log got a zero in {name} of run-7/metrics.csv (mail ada@example.org)",
                where="acme_reasoner.layers.3",
            ),
        ),
        logs=(log,),
        checkpoints=(builders.checkpoint(training=training, classes=("acme.Moonshot",)),),
    )


@pytest.mark.parametrize("name", RENDERERS)
def test_redacted_report_holds_no_secret_in_any_format(name):
    """Paths, people, private names, source and log lines, settings are gone from every format."""
    text = RENDERERS[name](redacted(private_report()))
    assert [secret for secret in SECRETS if secret in text] == []


def test_redacted_report_keeps_what_the_diagnosis_says():
    """Cause, grade, op, line number, common layer names, statistics and trials stay."""
    text = json.dumps(redacted(private_report()).to_dict())
    for words in ("log_of_zero", "verified", '"op": "log"', '"line": 42', "layers.3.q_proj.weight"):
        assert words in text


def test_redacted_report_same_name_has_the_same_stand_in():
    """A reader can still follow a tensor through the report."""
    report = redacted(private_report())
    tensor = report.tensors[0].name
    assert tensor.startswith("name") and tensor in report.findings[0].message
    assert report.origin.module == report.findings[0].where == tensor.rsplit(".", 2)[0]


def test_redacted_report_of_several_files_is_redacted_inside():
    """The reports of the files are redacted, too."""
    report = builders.report(files=(private_report(),))
    assert "acme" not in json.dumps(redacted(report).to_dict())


def test_redact_leaves_the_original_alone():
    """Redaction makes a copy."""
    report = private_report()
    redacted(report)
    assert report.inputs == ("/data/acme/run-7",) and "acme" in report.findings[0].message
