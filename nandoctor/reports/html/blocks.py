"""The shapes that the sections are made of: a titled section, tables, lists, chips, code."""

from __future__ import annotations

from collections.abc import Sequence

from nandoctor.reports.html.markup import Markup, el


def section(title: str, *body: object, kind: str = "") -> Markup:
    """Return a titled part of the page."""
    return el("section", el("h2", title), *body, class_=kind or None)


def chip(text: str, kind: str) -> Markup:
    """Return a small coloured label."""
    return el("span", text, class_=f"chip {kind}")


def code(text: str, **attributes: object) -> Markup:
    """Return inline code."""
    return el("code", text, **attributes)


def bullets(items: Sequence[tuple[str, str]]) -> Markup:
    """Return a list of texts, each with the kind of its mark."""
    return el("ul", (el("li", text, class_=kind or None, data_row=True) for text, kind in items))


def facts(rows: Sequence[tuple[str, object]]) -> Markup:
    """Return label and value in two columns, stacked on a phone."""
    return el(
        "dl", (el("div", el("dt", label), el("dd", value), data_row=True) for label, value in rows)
    )


def table(header: Sequence[str], rows: Sequence[Sequence[object]], numeric: int = 99) -> Markup:
    """Return a table that scrolls on its own where it is too wide.

    Args:
        header: Titles of the columns.
        rows: Cells.
        numeric: Index of the first column that holds numbers.
    """
    head = el("tr", (el("th", name, class_=_kind(i, numeric)) for i, name in enumerate(header)))
    body = (
        el("tr", (el("td", c, class_=_kind(i, numeric)) for i, c in enumerate(row)), data_row=True)
        for row in rows
    )
    inner = el("table", el("thead", head), el("tbody", body))
    return el("div", inner, class_="scroll")


def _kind(index: int, numeric: int) -> str | None:
    return "num" if index >= numeric else None
