"""Every renderer: golden files, determinism, harmlessness; a new renderer is covered unwritten."""

from __future__ import annotations

import re
import unicodedata

import builders
import pytest

from nandoctor.reports import RENDERERS, View

REPORTS = {
    "diagnosed": builders.report,
    "clean": builders.clean_report,
    "undecided": builders.undecided_report,
    "files": builders.files_report,
    "series": builders.series_report,
    "compare": builders.compare_report,
    "checklist": builders.checklist_report,
}
TERMINAL_CODE = re.compile(r"\x1b|\x9b")


@pytest.mark.parametrize("kind", REPORTS)
@pytest.mark.parametrize("name", RENDERERS)
def test_renderer_known_report_equals_golden(name, kind, golden):
    """The whole text of each renderer is kept and compared."""
    golden(f"{name}/{kind}.txt", RENDERERS[name](REPORTS[kind]()))


@pytest.mark.parametrize("name", RENDERERS)
def test_renderer_called_twice_is_deterministic(name):
    """The same report gives the same text."""
    assert RENDERERS[name](builders.report()) == RENDERERS[name](builders.report())


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("kind", [*REPORTS, "hostile"])
def test_renderer_plain_view_has_no_control_characters(name, kind):
    """Piped output holds no terminal code, whatever the names in the report are."""
    text = RENDERERS[name]((REPORTS | {"hostile": builders.hostile_report})[kind]())
    assert text.endswith("\n") and not text.endswith("\n\n")
    unsafe = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"}
    assert not unsafe


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rich_any_width_fits_the_terminal(width):
    """No line is longer than the terminal, hostile names of 300 characters included."""
    for report in (builders.report(), builders.hostile_report(), builders.files_report()):
        lines = RENDERERS["rich"](report, View(width=width)).splitlines()
        assert max(map(len, lines)) <= width


def test_rich_color_view_has_terminal_codes_but_none_of_the_names():
    """Colours come from the renderer only; codes inside names are spelt out."""
    text = RENDERERS["rich"](builders.hostile_report(), View(has_color=True))
    assert TERMINAL_CODE.search(text)
    assert "\x1b[31mred" not in text and "\\x1b[31mred" in text


def test_rich_markup_in_names_stays_text():
    """Rich markup in a name is printed as it is."""
    text = RENDERERS["rich"](builders.hostile_report(), View(width=120))
    assert "[bold red]markup[/bold red]" in text


def test_rich_ascii_view_is_ascii():
    """A terminal that takes ASCII only gets nothing else from the fixed parts."""
    text = RENDERERS["rich"](builders.report(), View(is_ascii=True))
    assert text.isascii()


def test_rich_first_screen_names_cause_grade_and_action():
    """Cause, grade and first action stand in the first 20 lines at 80 columns."""
    top = "\n".join(RENDERERS["rich"](builders.report()).splitlines()[:20])
    for words in ("log of zero", "ND101", "verified", "model.py:42", "probabilities + 1e-8"):
        assert words in top
