"""The delimiter and header of a table, found in its first lines; its rows are read elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nandoctor.logs import naming
from nandoctor.logs.loss_name import loss_rank
from nandoctor.logs.spelling import to_number

_FORGIVEN = 4
"""Cells by which a row of the head may be longer or shorter than the header."""
_LOOKED_AT = 92
"""Lines of a file in which the header and the first rows must be."""
_COMMA = re.compile(r"(?:^|[;\t|\s])-?\d+,\d+(?:[eE][-+]?\d+)?(?:$|[;\t|\s])")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out."""

    delimiter: str
    names: tuple[str, ...]
    skipped: int
    """Lines before the first row."""
    decimal: str = "."


def layout_of(head: bytes) -> Layout | None:
    """Return the layout of a table with a header that names a loss; None for anything else."""
    is_whole = len(head) <= 1000
    head = b"\n".join(head.split(b"\n", _LOOKED_AT)[:_LOOKED_AT])
    lines = head.decode("utf-8-sig", "replace").splitlines()
    start = next((n for n, s in enumerate(lines[:50]) if s.strip() and s[0] != "#"), None)
    if start is None:
        return None
    header, rows = lines[start], [s for s in lines[start + 1 : start + 40] if s.strip()]
    if len(lines) > start + 2 and not is_whole:
        rows = rows[:-1] or rows
    for delimiter in (",", "\t", ";", "|", r"\s+"):
        names = _split(header, delimiter)
        if delimiter == r"\s+" and _fits(rows, delimiter, len(names) + 1):
            names.insert(0, "index")  # as pandas prints a table
        if _is_header(names) and _fits(rows, delimiter, len(names)):
            return Layout(delimiter, _unique(names), start + 1, _decimal(rows, delimiter))
    return None


def _decimal(rows: list[str], delimiter: str) -> str:
    is_comma = delimiter != "," and any(_COMMA.search(row) for row in rows)
    return "," if is_comma else "."


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == r"\s+":
        return line.split()
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def _is_header(names: list[str]) -> bool:
    if any(": " in name or "= " in name for name in names):
        return False  # a line of pairs
    numbers = sum(to_number(name) is not None for name in names)
    if len(names) == 1:
        is_one = re.fullmatch(r"[\w /.()-]{1,39}", names[0]) is not None
        return loss_rank(names[0]) is not None and numbers == 0 and is_one
    named = sum(bool(re.search(r"[A-Za-z]", name)) and len(name) < 100 for name in names)
    return numbers == 0 and named >= 1 and named >= 0.5 * len(names) and any(map(matters, names))


def matters(name: str) -> bool:
    """Whether a column must be read without fault: a loss or a gradient norm."""
    return loss_rank(name) is not None or naming.grad_norm_rank(name) is not None


def _fits(rows: list[str], delimiter: str, width: int) -> bool:
    if not rows:
        return width > 1
    forgiven = _FORGIVEN if width > 1 and delimiter != r"\s+" else 0
    good = 0
    for row in rows:
        cells = _split(row, delimiter)
        cells = [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in cells]
        numbers = sum(to_number(cell) is not None for cell in cells)
        fewest = 0.7 * width if delimiter == r"\s+" else 1
        good += abs(len(cells) - width) <= forgiven and numbers >= fewest
    return good >= 0.7 * len(rows)


def _unique(names: list[str]) -> tuple[str, ...]:
    taken: list[str] = []
    for place, name in enumerate(names):
        name = name or ("index" if place == 0 else f"column {place + 1}")
        while name in taken:
            name += "'"
        taken.append(name)
    return tuple(taken)
