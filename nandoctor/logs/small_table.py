"""A small, plain table as numbers, without pandas, whose import outlasts the reading; of any other
None is returned, and pandas reads it."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.csv_layout import Layout, matters
from nandoctor.logs.source import Source
from nandoctor.logs.spelling import to_number

_UNUSUAL = re.compile(rb'[^\n\t -!#-~]|"')
_TRUTHS = frozenset({"true", "false"})


def read_small(
    source: Source, layout: Layout, names: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Return the numbers of the columns and which cells hold one; None where that takes pandas."""
    is_whole = source.file is not None and len(source.head) == source.size
    if not is_whole or len(layout.delimiter) > 1 or layout.decimal != ".":
        return None
    if _UNUSUAL.search(source.head) or f"{layout.delimiter} ".encode() in source.head:
        return None
    lines = source.head.decode("ascii").removesuffix("\n").split("\n")[layout.skipped :]
    rows = [line.split(layout.delimiter) for line in lines if line]
    if len(rows) < len(lines) or any(len(row) != len(layout.names) for row in rows):
        return None
    values = np.full((len(rows), len(names)), np.nan)
    logged = np.zeros(values.shape, bool)
    for place, name in enumerate(names):
        column = layout.names.index(name)
        cells = [row[column] for row in rows]
        numbers = [to_number(cell) for cell in cells]
        is_strange = any(
            cell and number is None and (matters(name) or cell.lower() in _TRUTHS)
            for cell, number in zip(cells, numbers, strict=True)
        )
        if is_strange:
            return None
        logged[:, place] = [number is not None for number in numbers]
        values[:, place] = [np.nan if number is None else number for number in numbers]
    return values, logged
