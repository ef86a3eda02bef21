"""Redaction: nothing private survives, the diagnosis stays readable."""

from __future__ import annotations

import json

import builders
import pytest

from nandoctor.evidence import (
    Headroom,
    LayerNumerics,
    LogEvent,
    LogFacts,
    Origin,
    Source,
    TensorStats,
    TrainingState,
    Trial,
)
from nandoctor.findings import ChecklistItem, Finding, Prescription, Report
from nandoctor.reports import RENDERERS
from nandoctor.reports.redact import redacted
from nandoctor.reports.rewrite import walked

FORMS = (
    "/home/zorg/quux/m.py", "quux/run7/m.csv", r"C:\\Users\\zorg\\x.pt", r"\\\\quux\\zorg\\x",
    "~zorg/x.pt",
    "/home/zorg quux/My zorg/x.pt", "zorg@quux.example", "zorg@node17:/data/x", "file:///zorg/x",
    "gpu-node17.quux.internal", "zorg-ws01", "node17.zorg.svc:29500", "https://quux.ai/zorg/x",
    "s3://quux/zorg", "hf_zorgEFGH1234567890abcd", "sk-zorg-AAAA1234567890",
    "QUUX_API_KEY=0123456789abcdef0123456789abcdef", "zorg_medical_images", "/data/张三/项目/x.pt",
    "'/home/zorg/quux'", "quux.py:31", "RuntimeError: zorg said no to 张三",
)  # fmt: skip
"""A user, a project, a host and a key as they stand in paths, messages and settings."""
TOLD = ("zorg", "quux", "node17", "张三", "项目", "0123456789abcdef", "Users", "EFGH", "AAAA1234")
FREE = {
    Finding: ("message", "where"), Prescription: ("value", "why"), Trial: ("detail",),
    ChecklistItem: ("evidence",), Origin: ("module", "module_class", "tensor"),
    Source: ("file", "function", "code"), TensorStats: ("name", "file"), LogFacts: ("path",),
    LogEvent: ("text",), Headroom: ("module", "module_class"), LayerNumerics: ("module", "note"),
    TrainingState: ("optimizer", "precision"), Report: ("next_evidence",),
}  # fmt: skip
"""Fields that may hold words of the user's."""
LISTS = {"evidence", "against", "inputs", "similar", "likely", "notes", "harmless", "reaches"}

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


def planted(report, form, bare):
    """Return the report with a secret in every free field: alone, or within a sentence."""
    text = form if bare else f"got 3 from {form} there"

    def change(value):
        names = FREE.get(type(value), ())
        texts = [name for name in LISTS & set(getattr(value, "__dataclass_fields__", ()))
                 if all(isinstance(item, str) for item in getattr(value, name))]  # fmt: skip
        changed = {**dict.fromkeys(names, text), **dict.fromkeys(texts, (text,))}
        return builders.replace(value, **changed) if changed else value

    return walked(report, change)


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_redacted_report_with_a_secret_in_every_field_tells_none(form, bare):
    """Paths, people, hosts, keys and names, alone and in prose, in every field of free text."""
    report = planted(builders.report(checklist=builders.checklist_report().checklist), form, bare)
    text = json.dumps(redacted(report).to_dict(), ensure_ascii=False)
    assert [secret for secret in TOLD if secret in text] == []


def test_redacted_prose_of_nandoctor_stays_readable():
    """Sentences that hold nothing of the user's are left word for word."""
    sentences = (
        "with fp32 the step is finite: loss 0.6413", "2.5x the healthy maximum of 21",
        "input 0: float16[16, 16, 10], finite range -142.5 to 155",
    )  # fmt: skip
    found = builders.finding(evidence=sentences)
    assert redacted(builders.report(findings=(found,))).findings[0].evidence == sentences
