"""The looks that the sections share: colours, marks, headings, bullets; holds no content."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

SEVERITY = {"error": "bold red", "warning": "bold yellow", "clean": "bold green", "note": "cyan"}
GRADE = {"verified": "green", "reproduced": "cyan", "observed": "blue", "hypothesis": "dim"}
OUTCOME = {"fixed": "green", "not_fixed": "red", "not_applicable": "dim", "failed": "yellow"}
MARK = {"error": "✗", "warning": "!", "clean": "✓", "note": "·"}
MARK |= {"fixed": "✓", "not_fixed": "✗", "failed": "!"}


def section(title: str, body: RenderableType) -> Group:
    """Put a body under its heading, one empty line above."""
    rule = Rule(Text(title, style="bold"), align="left", style="dim", characters="─")
    return Group("", rule, Padding(body, (0, 1, 0, 2)))


def bullets(lines: list[tuple[str, str]]) -> Table:
    """Return lines with hanging indent, each a text and its style."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    for line, style in lines:
        grid.add_row(Text("•", style="dim"), Text(line, style=style))
    return grid


def pairs(rows: Sequence[tuple[str, RenderableType]]) -> Table:
    """Return label and value in two columns."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(Text(label), Text(value) if isinstance(value, str) else value)
    return grid


def table(*columns: str) -> Table:
    """Return an empty table without frames."""
    plain = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        plain.add_column(name, overflow="fold")
    return plain


def room(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return what is left of a width for names, when these cells stand to the right of them."""
    taken = sum(max(map(cell_len, column)) + 2 for column in zip(*rows, strict=True))
    return max(width - 6 - taken, 16)


def aligned(header: Sequence[str], rows: Sequence[Sequence[Text]], right: int) -> list[Text]:
    """Return a header and rows as lines with aligned columns, those from ``right`` on flush right.

    It does what a table does without wrapping, and takes a third of the time of one.
    """
    lines = [[Text(name, style="dim") for name in header], *rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    return [_line(line, widths, right) for line in lines]


def _line(cells: Sequence[Text], widths: Sequence[int], right: int) -> Text:
    line = Text(no_wrap=True, overflow="crop")
    for index, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell.cell_len)
        line.append(space if index >= right else "").append_text(cell)
        line.append(("" if index >= right else space) + "  ")
    return line
