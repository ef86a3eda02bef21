"""Tables with a header line (CSV, TSV, any delimiter, padded or sparse), read by pandas' C
engine in chunks."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nandoctor.errors import UnreadableInputError
from nandoctor.logs import naming
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Group
from nandoctor.logs.source import Source
from nandoctor.logs.spelling import to_number

if TYPE_CHECKING:
    import pandas as pd

_CHUNK = 1 << 16
_FORGIVEN = 4
"""Cells by which a row of the head may be longer or shorter than the header."""
_MOST_COLUMNS = 64
_SPARE = " spare"
"""Takes what a row has more than the header; a row longer still is dropped."""


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str
    names: tuple[str, ...]
    skipped: int
    """Lines before the first row."""


def _layout(head: bytes) -> _Layout | None:
    lines = head.decode("utf-8-sig", "replace").splitlines()
    start = next((n for n, s in enumerate(lines[:50]) if s.strip() and s[0] != "#"), None)
    if start is None:
        return None
    header, rows = lines[start], [s for s in lines[start + 1 : start + 40] if s.strip()]
    if len(lines) > start + 2 and len(head) > 1000:
        rows = rows[:-1] or rows
    for delimiter in (",", "\t", ";", "|", r"\s+"):
        names = _split(header, delimiter)
        if _is_header(names) and _fits(rows, delimiter, len(names)):
            return _Layout(delimiter, _unique(names), start + 1)
    return None


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == r"\s+":
        return line.split()
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def _is_header(names: list[str]) -> bool:
    numbers = sum(to_number(name) is not None for name in names)
    if len(names) == 1:
        return naming.loss_rank(names[0]) is not None and numbers == 0 and len(names[0]) < 40
    named = sum(bool(re.search(r"[A-Za-z]", name)) and len(name) < 100 for name in names)
    return numbers == 0 and named >= 1 and named >= 0.5 * len(names) and any(map(_matters, names))


def _matters(name: str) -> bool:
    return naming.loss_rank(name) is not None or naming.grad_norm_rank(name) is not None


def _fits(rows: list[str], delimiter: str, width: int) -> bool:
    if not rows:
        return width > 1
    good = 0
    for row in rows:
        cells = _split(row, delimiter)
        numbers = sum(to_number(cell) is not None for cell in cells)
        good += abs(len(cells) - width) <= _FORGIVEN * (width > 1) and numbers > 0
    return good >= 0.7 * len(rows)


def _unique(names: list[str]) -> tuple[str, ...]:
    taken: list[str] = []
    for place, name in enumerate(names):
        name = name or ("index" if place == 0 else f"column {place + 1}")
        while name in taken:
            name += "'"
        taken.append(name)
    return tuple(taken)


def _sniff(head: bytes) -> bool:
    is_other = b"\0" in head[:4096] or head.lstrip()[:1] in (b"{", b"[")
    return not is_other and _layout(head) is not None


def _read(source: Source) -> Reading:
    layout = _layout(source.head)
    if layout is None:
        raise UnreadableInputError(f"{source.path}: no table with a header that names a loss")
    names = sorted(layout.names, key=lambda n: not (_matters(n) or naming.step_rank(n) == 0))
    names = names[:_MOST_COLUMNS]
    reading, group = Reading(), Group(tuple(names))
    line = layout.skipped + 1
    for chunk in _chunks(source, layout, reading):
        values, logged, bad = _numbers(chunk, names)
        spare = chunk[_SPARE]
        if spare.dtype.kind != "f" or spare.notna().any():
            bad |= spare.notna().to_numpy()
        for place in np.flatnonzero(bad):
            _refuse(reading, chunk, int(place), layout)
        lines = np.arange(line, line + len(chunk))
        line += len(chunk)
        if logged.all() and not bad.any():
            group.add_many(lines, values)
            continue
        _spell_out(values, logged, names)
        kept = logged.any(axis=1) & ~bad
        group.add_many(lines[kept], values[kept], logged[kept])
    reading.num_lines = line - 1
    reading.groups = [group]
    return reading


def _chunks(source: Source, layout: _Layout, reading: Reading) -> Iterator[pd.DataFrame]:
    import pandas as pd

    has_quotes = b'"' in source.head
    is_padded = f"{layout.delimiter} ".encode() in source.head
    encoding = "utf-8" if source.head.isascii() else "latin-1"
    is_exact = int(pd.__version__.split(".")[0]) > 2  # from 3 on the default rounds correctly
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows of another length are counted by ourselves
            yield from pd.read_csv(
                source.stream, sep=layout.delimiter, header=None, names=[*layout.names, _SPARE],
                index_col=False, skiprows=layout.skipped, skipinitialspace=is_padded,
                skip_blank_lines=False, keep_default_na=False, na_values=[""],
                on_bad_lines="skip", chunksize=_CHUNK, encoding=encoding,
                encoding_errors="replace", engine="c", low_memory=False,
                quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
                **({} if is_exact else {"float_precision": "round_trip"}),
            )  # fmt: skip
    except pd.errors.EmptyDataError:
        return
    except pd.errors.ParserError as error:
        reading.unread(f"(the table breaks off: {error})")


def _numbers(
    chunk: pd.DataFrame, names: list[str]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the chunk's numbers, which cells hold one, and which rows hold something else."""
    values = np.empty((len(chunk), len(names)))
    logged = np.ones(values.shape, bool)
    bad = np.zeros(len(chunk), bool)
    for place, name in enumerate(names):
        column = chunk[name]
        if column.dtype.kind in "iu":
            values[:, place] = column.to_numpy()
        elif column.dtype.kind == "f":
            numbers = column.to_numpy()
            values[:, place] = numbers
            logged[:, place] = ~np.isnan(numbers)
        else:
            cells = [to_number(c) if isinstance(c, str) else None for c in column.astype(object)]
            values[:, place] = [np.nan if cell is None else cell for cell in cells]
            logged[:, place] = [cell is not None for cell in cells]
            if _matters(name):
                bad |= column.notna().to_numpy() & ~logged[:, place]
    return values, logged, bad


def _refuse(reading: Reading, chunk: pd.DataFrame, place: int, layout: _Layout) -> None:
    row = [str(cell) for cell in chunk.iloc[place] if cell == cell]
    if tuple(row) != layout.names:  # a header in the middle begins another run
        reading.unread(layout.delimiter.join(row))


def _spell_out(values: NDArray[np.float64], logged: NDArray[np.bool_], names: list[str]) -> None:
    """Mark the loss NaN where a row has a step and no finite metric: how pandas writes NaN."""
    is_step = np.array([naming.step_rank(name) is not None for name in names])
    is_setting = np.array(
        [naming.lr_rank(n) is not None or naming.loss_scale_rank(n) is not None for n in names]
    )
    ranks = {n: r for n in names if (r := naming.loss_rank(n)) is not None}
    if not ranks:
        return
    losses = [place for place, name in enumerate(names) if ranks.get(name) == min(ranks.values())]
    has_loss = logged[:, losses].any(axis=1)
    is_setting &= logged[has_loss].any(axis=0)  # else it is logged on rows of its own
    metrics = ~is_step & ~is_setting
    empty = logged[:, is_step].any(axis=1)
    empty &= ~(logged & np.isfinite(values))[:, metrics].any(axis=1)
    for place in losses:
        missing = empty & ~logged[:, place]
        values[missing, place] = np.nan
        logged[missing, place] = True


FORMAT = LogFormat("csv", _sniff, _read)
