"""The shapes that the sections are made of: a titled section, tables, lists, chips, code."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from nandoctor.reports.html.markup import Markup, el, join

FOLD = 12
"""Rows of a long table that stand open; a button shows the rest, and the search finds it."""


def section(title: str, *body: object, kind: str = "") -> Markup:
    """Return a titled part of the page."""
    return el("section", el("h2", title), *body, class_=kind or None)


def chip(text: str, kind: str) -> Markup:
    """Return a small coloured label."""
    return el("span", text, class_=f"chip {kind}")


def code(text: str, **attributes: object) -> Markup:
    """Return inline code; a long dotted name or path may break after a dot or a slash."""
    parts = re.split(r"(?<=[./])(?=\w)", text)
    return el("code", join(parts[0], *((el("wbr"), part) for part in parts[1:])), **attributes)


def bullets(items: Sequence[tuple[str, str]]) -> Markup:
    """Return a list of texts, each with the kind of its mark."""
    return el("ul", (el("li", text, class_=kind or None, data_row=True) for text, kind in items))


def facts(rows: Sequence[tuple[str, object]]) -> Markup:
    """Return label and value in two columns, stacked on a phone."""
    return el(
        "dl", (el("div", el("dt", label), el("dd", value), data_row=True) for label, value in rows)
    )


def table(
    header: Sequence[str], rows: Sequence[Sequence[object]], numeric: int = 99, *,
    more: str = "", kind: str = "", kept: Container[int] = (),
) -> Markup:  # fmt: skip
    """Return a table that scrolls on its own where it is too wide; its columns can be sorted.

    Args:
        header: Titles of the columns.
        rows: Cells.
        numeric: Index of the first column that holds numbers.
        more: What the button says that unfolds all rows after the first ``FOLD``.
        kind: ``cards`` stacks the cells of a row on a phone.
        kept: Indices of the rows that are never folded away.
    """
    head = el("tr", (el("th", name, class_=_kind(i, numeric)) for i, name in enumerate(header)))
    body = (
        el("tr", (el("td", c, class_=_kind(i, numeric)) for i, c in enumerate(row)), data_row=True,
           class_="kept" if index in kept else None)
        for index, row in enumerate(rows)
    )  # fmt: skip
    is_long = bool(more) and len(rows) > FOLD + 3
    inner = el("table", el("thead", head), el("tbody", body), data_fold=FOLD if is_long else None)
    button = el("button", more, type="button", class_="more", hidden=True) if is_long else None
    return join(el("div", inner, class_=f"scroll {kind}".strip()), button)


def _kind(index: int, numeric: int) -> str | None:
    return "num" if index >= numeric else None
