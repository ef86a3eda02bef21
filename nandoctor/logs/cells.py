"""The cells of a chunk of a table as numbers; which rows count is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.csv_layout import matters
from nandoctor.logs.spelling import to_number

if TYPE_CHECKING:
    import pandas as pd

_TRIED = 100
"""Cells of a column that tell whether it holds words only."""


def numbers_of(
    chunk: pd.DataFrame, names: list[str], decimal: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the chunk's numbers, which cells hold one, and which rows hold something else."""
    values = np.empty((len(chunk), len(names)))
    logged = np.ones(values.shape, bool)
    bad = np.zeros(len(chunk), bool)
    for place, name in enumerate(names):
        column = chunk[name]
        if column.dtype.kind in "iub":
            values[:, place] = column.to_numpy()
        elif column.dtype.kind == "f":
            numbers = column.to_numpy()
            values[:, place] = numbers
            logged[:, place] = ~np.isnan(numbers)
        else:
            if decimal != ".":
                column = column.map(lambda cell: _with_point(cell, decimal))
            values[:, place], logged[:, place] = _of_cells(column, is_text=not matters(name))
            if matters(name):
                bad |= column.notna().to_numpy() & ~logged[:, place]
    return values, logged, bad


def _of_cells(
    column: pd.Series[Any], *, is_text: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a column's numbers and which cells hold one; words that spell NaN are looked up.

    Args:
        column: Text, or text and numbers.
        is_text: It may hold words only; where its first cells do, it is given up.
    """
    import pandas as pd

    if is_text and not any(_spells_number(cell) for cell in column.dropna()[:_TRIED]):
        return np.full(len(column), np.nan), np.zeros(len(column), bool)
    values = np.array(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    logged = ~np.isnan(values)
    odd = np.flatnonzero(~logged & column.notna().to_numpy())
    known: dict[str, float | None] = {}
    for place, cell in zip(odd.tolist(), column.iloc[odd], strict=True):
        word = str(cell)
        if word not in known:
            known[word] = to_number(word)
        number = known[word]
        if number is not None:
            values[place], logged[place] = number, True
    return values, logged


def _with_point(cell: object, decimal: str) -> object:
    return cell.replace(decimal, ".") if isinstance(cell, str) else cell


def _spells_number(cell: object) -> bool:
    return to_number(str(cell)) is not None
