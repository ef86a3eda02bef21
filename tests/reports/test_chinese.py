"""Reports in Chinese: no English sentence is left, whatever the run, in any format for people."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

import nandoctor
from nandoctor import pipeline
from nandoctor.reports import RENDERERS, View

SAMPLES = Path(__file__).resolve().parents[2] / "sample_checkpoints"
RUNS = sorted(path.parent.name for path in SAMPLES.glob("*/replay.py"))
FORMATS = ("rich", "markdown", "html", "github", "junit", "sarif")
ENGLISH = re.compile(r"\b[a-z]{2,}(?:,? (?:[a-z]{2,}|a|[\d.][\w.+-]*)){2,}")
ALLOWED = re.compile(r"nandoctor \w+ sample|nandoctor explain|[\d.]+ ms\b|ms, ")
"""The command as it was typed, and times: technical, the same in any language."""
HTML_CODE = re.compile(r"<(style|script|pre|code)\b[^>]*>.*?</\1>", re.DOTALL)


def english(report, lang="zh"):
    """Return every run of three English words in the report, in all formats."""
    found = set()
    for name in FORMATS:
        text = RENDERERS[name](report, View(lang=lang, width=120))
        if name == "html":
            text = html.unescape(re.sub("<[^>]+>", "\n", HTML_CODE.sub("\n", text)))
        found |= {match[0] for match in ENGLISH.finditer(text)}
    return {text for text in found if not ALLOWED.search(text)}


def cheap_reports(name):
    """Yield what the files of a run give without a replay."""
    run = SAMPLES / name
    crashed, good = next(run.glob("debug*")), next(run.glob("last_good*"))
    yield pipeline.classify_log(str(run / "metrics.csv"))
    yield pipeline.inspect_checkpoint(crashed)
    yield pipeline.inspect_series([good, crashed])
    yield pipeline.compare(good, crashed)


def fast(*names):
    """Parametrise over all runs, those not named as slow ones."""
    slow = pytest.mark.slow
    runs = [run if run in names else pytest.param(run, marks=slow) for run in RUNS]
    return pytest.mark.parametrize("name", runs)


@fast("missing_warmup", "bad_parameter")
def test_chinese_report_of_files_has_no_english_sentence(name):
    """Classify, inspect, a series and compare."""
    assert set().union(*map(english, cheap_reports(name))) == set()


@fast("log_of_zero")
def test_chinese_diagnosis_and_checklist_have_no_english_sentence(name):
    """Evidence, trials, decision tree, advice and what was not looked at."""
    reports = (nandoctor.diagnose(SAMPLES / name), pipeline.checklist(SAMPLES / name))
    assert set().union(*map(english, reports)) == set()


def test_english_report_is_full_of_what_the_check_looks_for():
    """The check sees sentences where there are some."""
    report = pipeline.classify_log(str(SAMPLES / "missing_warmup" / "metrics.csv"))
    assert len(english(report, "en")) > 5
