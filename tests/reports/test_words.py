"""The catalogue: complete for the fixed texts, and sentences of rules are matched with holes."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path
from typing import get_args

import builders
import pytest

from nandoctor import evidence, findings, reports
from nandoctor.decision import TREE
from nandoctor.reports import RENDERERS, View
from nandoctor.reports.words import LANGUAGES, catalogue, sentences, words
from nandoctor.rules import RULES

OTHERS = [lang for lang in LANGUAGES if lang != "en"]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def holes(text):
    """Return the names of the placeholders of a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def said_literally():
    """Yield every English text that the renderers say."""
    for path in Path(reports.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if is_call and node.func.id == "say" and node.args:
                first = node.args[0]
                options = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                yield from (o.value for o in options if isinstance(o, ast.Constant))


def said_of_data():
    """Yield every text of a fixed set that reports carry: grades, phases, causes, questions."""
    for kind in (evidence.Phase, evidence.Component, evidence.Role, evidence.PatternName):
        yield from get_args(kind)
    yield from (outcome.replace("_", " ") for outcome in get_args(evidence.TrialOutcome))
    yield from get_args(findings.Severity)
    yield from (grade.name for grade in findings.Grade)
    yield from (rule.cause.replace("_", " ") for rule in RULES)
    for question in TREE:
        yield question.text
        yield from (leaf.title for leaf in (question.yes, question.no) if leaf)


@pytest.mark.parametrize("lang", OTHERS)
def test_catalogue_has_every_fixed_text(lang):
    """No fixed text of a report falls back to English."""
    known = catalogue(lang)["fixed"]
    assert sorted({t for t in (*said_literally(), *said_of_data()) if t.strip() not in known
                   and t not in known}) == []  # fmt: skip


@pytest.mark.parametrize("lang", OTHERS)
def test_catalogue_translations_have_the_holes_of_the_original(lang):
    """A translation that lost or invented a value would fail when it is said."""
    for part in catalogue(lang).values():
        for english, other in part.items():
            assert holes(other) == holes(english), english


def test_words_english_is_its_own_key():
    """English needs no catalogue."""
    assert words("en")("{n} errors", n=3) == "3 errors"


def test_sentences_unknown_text_is_left_alone():
    """A name or a sentence that the catalogue does not know stays as it is."""
    translate = sentences("zh")
    for text in ("model.layers.0.weight", "a sentence that nobody wrote", ""):
        assert translate(text) == text


@pytest.mark.parametrize("name", ["rich", "markdown", "html"])
def test_renderer_in_chinese_says_headings_and_cause_in_chinese(name):
    """Headings, grade, cause and decision tree are translated; names and numbers stay."""
    text = RENDERERS[name](builders.report(), View(lang="zh"))
    for word in ("对零取对数", "已证实", "现在该做什么", "决策树", "是否使用混合精度"):
        assert word in text
    assert "language_model.head" in text and "ND101" in text
    assert "What to do now" not in text


def test_rich_in_chinese_fits_the_terminal():
    """Wide characters count as two columns."""
    from rich.cells import cell_len

    lines = RENDERERS["rich"](builders.report(), View(lang="zh", width=80)).splitlines()
    assert max(map(cell_len, lines)) <= 80 and CHINESE.search("".join(lines))
