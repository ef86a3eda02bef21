"""A table of numbers only, read by pandas at once from its file (in parallel, where it can); of any
other None is returned, and chunks of it are read with care."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.csv_layout import Layout
from nandoctor.logs.source import Source
from nandoctor.logs.spelling import NAN_SPELLINGS

_LARGEST_AT_ONCE = 1 << 28
_END = 1 << 14
"""Bytes of each end of a file that are looked at."""


def read_plain(
    source: Source, layout: Layout
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None] | None:
    """Return all cells of a table, float64[n, k], and which of them hold a number (None = all).

    Tables that hold both empty cells and NaN, which must be told apart, are refused like any odd
    cell.
    """
    import pandas as pd

    is_plain = source.is_plain_file and source.head.isascii() and b'"' not in source.head
    if not is_plain or source.size > _LARGEST_AT_ONCE or layout.decimal != ".":
        return None
    ends = _ends(source, layout)
    missing = _stand_for_nan(ends, layout)
    if missing is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas warns where it drops the end of longer rows
            table = pd.read_csv(
                source.path, sep=layout.delimiter, header=None, names=layout.names, index_col=False,
                skiprows=layout.skipped, skip_blank_lines=False, on_bad_lines="error", engine="c",
                dtype="float64", na_filter=bool(missing), na_values=missing, keep_default_na=False,
                quoting=csv.QUOTE_NONE, lineterminator=None if b"\r" in ends else "\n",
                compression=None, float_precision=float_precision(),
            )  # fmt: skip
    except (ValueError, Warning):  # another width, another encoding, an odd cell
        return None
    is_sparse = missing == [""]
    values: NDArray[np.float64] = table.to_numpy(copy=is_sparse)
    return values, ~np.isnan(values) if is_sparse else None


def _ends(source: Source, layout: Layout) -> bytes:
    """Return the first and the last rows."""
    with Path(source.path).open("rb") as file:
        file.seek(max(0, source.size - _END))
        tail = file.read().partition(b"\n")[2].removesuffix(b"\n")
    return source.head[:_END].split(b"\n", layout.skipped)[-1] + b"\n" + tail


def _stand_for_nan(ends: bytes, layout: Layout) -> list[str] | None:
    """Return the cells that are read as NaN: none, the empty one or the spelt ones; None = both."""
    edge = layout.delimiter.encode()
    lower, last = ends.lower(), ends[ends.rfind(b"\n") + 1 :]
    is_cut_off = len(edge) == 1 and last.count(edge) < len(layout.names) - 1
    gaps = (edge + edge, edge + b"\n", edge + b"\r", b"\n" + edge)
    is_sparse = is_cut_off or any(gap in ends for gap in gaps)
    has_nan = any(word in lower for word in (b"nan", b"null", b"1.#ind"))
    if is_sparse:
        return None if has_nan else [""]
    return list(NAN_SPELLINGS) if has_nan else []


def float_precision() -> Literal["round_trip"] | None:
    """Return pandas' setting for correctly rounded numbers."""
    import pandas as pd

    return None if int(pd.__version__.split(".")[0]) > 2 else "round_trip"  # 3 rounds correctly
