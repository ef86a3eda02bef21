"""Tables with a header line (CSV, TSV, any delimiter, padded or sparse), read by pandas' C
engine in chunks; small plain ones are read next door."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from nandoctor.errors import UnreadableInputError
from nandoctor.logs import naming
from nandoctor.logs.cells import numbers_of
from nandoctor.logs.csv_layout import Layout, layout_of, matters
from nandoctor.logs.format import LogFormat, Reading
from nandoctor.logs.groups import Group
from nandoctor.logs.plain_table import float_precision, read_plain
from nandoctor.logs.small_table import read_small
from nandoctor.logs.source import Source
from nandoctor.logs.table_rows import keep_rows

if TYPE_CHECKING:
    import pandas as pd

_CHUNK = 1 << 18
_MOST_COLUMNS = 64
_SPARE = " spare"
"""Takes what a row has more than the header; a row longer still is dropped."""


def _sniff(head: bytes) -> bool:
    is_other = b"\0" in head[:4096] or head.lstrip()[:1] in (b"{", b"[")
    return not is_other and layout_of(head) is not None


def _read(source: Source) -> Reading:
    layout = layout_of(source.head)
    if layout is None:
        raise UnreadableInputError(f"{source.path}: no table with a header that names a loss")
    names = list(layout.names)
    if len(names) > _MOST_COLUMNS:
        names.sort(key=lambda n: not (matters(n) or naming.step_rank(n) == 0))
        del names[_MOST_COLUMNS:]
    reading, group = Reading(), Group(tuple(names))
    line = layout.skipped + 1
    small = read_small(source, layout, names)
    if small is not None:
        keep_rows(group, line, *small, None)
        reading.num_lines, reading.groups = line + len(small[0]) - 1, [group]
        return reading
    plain = read_plain(source, layout) if len(names) == len(layout.names) else None
    if plain is not None:
        keep_rows(group, line, *plain, None)
        reading.num_lines, reading.groups = line + len(plain[0]) - 1, [group]
        return reading
    for chunk in _chunks(source, layout, reading):
        values, logged, bad = numbers_of(chunk, names, layout.decimal)
        spare = chunk[_SPARE]
        if spare.dtype.kind != "f" or spare.notna().any():
            bad |= spare.notna().to_numpy()
        for place in np.flatnonzero(bad):
            _refuse(reading, chunk, int(place), layout)
        keep_rows(group, line, values, logged, bad)
        line += len(chunk)
    reading.num_lines = line - 1
    reading.groups = [group]
    return reading


def _chunks(source: Source, layout: Layout, reading: Reading) -> Iterator[pd.DataFrame]:
    import pandas as pd

    has_quotes = b'"' in source.head
    is_padded = f"{layout.delimiter} ".encode() in source.head
    encoding = "utf-8" if source.head.isascii() else "latin-1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rows of another length are counted by ourselves
            yield from pd.read_csv(
                cast("IO[bytes]", source.stream), sep=layout.delimiter, header=None,
                names=[*layout.names, _SPARE],
                index_col=False, skiprows=layout.skipped,
                decimal=layout.decimal, skipinitialspace=is_padded,
                skip_blank_lines=False, keep_default_na=False, na_values=[""],
                on_bad_lines="skip", chunksize=_CHUNK, encoding=encoding,
                encoding_errors="replace", engine="c",
                quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
                float_precision=float_precision(),
            )  # fmt: skip
    except pd.errors.EmptyDataError:
        return
    except pd.errors.ParserError as error:
        reading.unread(f"(the table breaks off: {error})")


def _refuse(reading: Reading, chunk: pd.DataFrame, place: int, layout: Layout) -> None:
    row = [str(cell) for cell in chunk.iloc[place] if cell == cell]
    if tuple(row) != layout.names:  # a header in the middle begins another run
        reading.unread(layout.delimiter.join(row))


FORMAT = LogFormat("csv", _sniff, _read)
