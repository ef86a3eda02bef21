"""The page: self-contained, well-formed, and no name becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import builders
import pytest

from nandoctor.reports import RENDERERS, View

VOID = {"input", "meta", "wbr"}


class Outline(HTMLParser):
    """Collects the elements of a page and whether each is closed in its turn."""

    def __init__(self, page):
        super().__init__()
        self.open, self.names, self.attributes, self.text = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        self.names.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Check that it closes the last one opened."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Note a text."""
        self.text.append(data)


def page(report):
    """Return the outline of a rendered report."""
    return Outline(RENDERERS["html"](report))


@pytest.mark.parametrize("kind", ["report", "clean_report", "files_report", "hostile_report"])
def test_html_any_report_is_well_formed_with_one_script(kind):
    """Every element is closed in its turn, and only the page's own script is in it."""
    outline = page(getattr(builders, kind)())
    assert outline.open == []
    assert outline.names.count("script") == 1 and outline.names.count("style") == 1


@pytest.mark.parametrize("kind", ["report", "hostile_report"])
def test_html_loads_nothing_and_has_no_handlers(kind):
    """No element refers to another file, the policy forbids it, no attribute holds code."""
    outline = page(getattr(builders, kind)())
    assert not {"link", "img", "iframe", "object", "a", "base", "form"} & set(outline.names)
    for tag, name, value in outline.attributes:
        assert name not in ("src", "href", "style") and not name.startswith("on"), (tag, name)
        if name == "content" and "default-src" in value:
            break
    else:
        pytest.fail("no content security policy")
    assert value.startswith("default-src 'none'") and "script-src 'sha256-" in value
    assert not re.search(r"url\(|@import|fetch\(|https?://(?!www\.w3\.org)", str(outline.text))


def test_html_hostile_names_are_text():
    """Names with markup, quotes and escapes stand on the page as text."""
    text = " ".join(page(builders.hostile_report()).text)
    assert "<script>alert(1)</script>" in text
    assert "\\x1b[31mred" in text and "'\"&]]>-->" in text


def test_html_holds_every_part_of_the_report():
    """Cause, grade, action, curve marks, source line, path, trial, tensor, what is missing."""
    text = "".join(page(builders.report()).text)
    for words in (
        "log of zero", "verified", "torch.log(probabilities + 1e-8)", "onset 1049", "NaN 1059",
        "scores = torch.log(probabilities)", "From the origin to the loss", "not fixed",
        "language_model.head.weight.grad", "vanishing", "no optimizer state", "fp16_amp",
    ):  # fmt: skip
        assert words in text, words


def test_html_every_row_is_searchable():
    """Rows of all tables and lists carry the mark that the search looks for."""
    outline = page(builders.report())
    marked = [tag for tag, name, _ in outline.attributes if name == "data-row"]
    assert marked.count("li") > 10 and marked.count("tr") > 10


def test_html_language_is_declared():
    """The page says which language it is in."""
    assert '<html lang="zh">' in RENDERERS["html"](builders.report(), View(lang="zh"))
