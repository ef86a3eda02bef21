"""A table of plain numbers, read by pandas at once from its file (in parallel, where it can); of
any other None is returned, and chunks of it are read with care."""

from __future__ import annotations

import csv
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nandoctor.logs.csv_layout import Layout
from nandoctor.logs.source import Source

_LARGEST_AT_ONCE = 1 << 28


def read_plain(source: Source, layout: Layout, names: list[str]) -> NDArray[np.float64] | None:
    """Return the columns ``names`` of a table without an empty or odd cell; None for any other."""
    import pandas as pd

    is_plain = source.is_plain_file and source.head.isascii() and b'"' not in source.head
    if not is_plain or source.size > _LARGEST_AT_ONCE or layout.decimal != ".":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas warns where it drops the end of longer rows
            table = pd.read_csv(
                source.path, sep=layout.delimiter, header=None, names=layout.names, index_col=False,
                skiprows=layout.skipped, skip_blank_lines=False, on_bad_lines="error", engine="c",
                na_filter=False, quoting=csv.QUOTE_NONE, compression=None,
                float_precision=float_precision(),
            )  # fmt: skip
    except (ValueError, Warning):  # of another width, or another encoding
        return None
    if any(kind.kind not in "iuf" for kind in table.dtypes):
        return None
    values = np.empty((len(names), len(table)))
    for row, name in zip(values, names, strict=True):
        row[:] = table[name]
    return values.T


def float_precision() -> Literal["round_trip"] | None:
    """Return pandas' setting for correctly rounded numbers."""
    import pandas as pd

    return None if int(pd.__version__.split(".")[0]) > 2 else "round_trip"  # 3 rounds correctly
