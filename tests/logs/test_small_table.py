"""Small plain tables are read without pandas, to the same numbers."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.logs import csv_table
from nandoctor.logs.csv_layout import layout_of
from nandoctor.logs.small_table import read_small
from nandoctor.logs.source import open_source

CELLS = st.one_of(
    st.floats(width=64).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", "nan", "NaN", "inf", "-Infinity", "train", "True", "5%", "0x10", "1_000"]),
    st.floats(-1e3, 1e3).map(lambda number: f"{number:.4e}"),
)


def read_both(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what the reader gives with the shortcut and without it."""
    readings = []
    for shortcut in (csv_table.read_small, lambda *_: None):
        monkeypatch.setattr(csv_table, "read_small", shortcut)
        with open_source(str(path)) as source:
            readings.append(csv_table.FORMAT.read(source))
    return readings


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 99).map(str), CELLS, CELLS, CELLS), min_size=3))
def test_read_small_any_cells_gives_what_pandas_gives(
    rows: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Values, marks of logged cells and line numbers are the same on both ways."""
    path = tmp_path_factory.mktemp("table") / "log.csv"
    path.write_text("\n".join(["step,loss,lr,note", *map(",".join, rows)]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        small, large = read_both(path, patch)
    assert (small.num_lines, small.num_unread) == (large.num_lines, large.num_unread)
    for mine, other in zip(small.groups[0].table(), large.groups[0].table(), strict=True):
        assert np.array_equal(mine, other, equal_nan=mine.dtype.kind == "f")


@pytest.mark.parametrize(
    "text",
    [
        "step,loss\n1,2.0\n\n2,1.0\n",
        "step,loss\n1,2.0,3\n2,1.0\n3,1\n",
        "step,loss\n1,broken\n2,1.0\n3,1.0\n4,1.0\n",
        'step,loss\n1,"2.0"\n2,1.0\n',
        "step,loss\r\n1,2.0\r\n2,1.0\r\n",
        "step;loss\n1;2,0\n2;1,5\n",
    ],
)
def test_read_small_unusual_table_is_left_to_pandas(text: str, tmp_path: Path) -> None:
    """Blank lines, ragged rows, faults, quotes, other line ends and decimals are not plain."""
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    with open_source(str(path)) as source:
        layout = layout_of(source.head)
        assert layout is not None
        assert read_small(source, layout, list(layout.names)) is None


def test_read_small_plain_table_reads_every_cell(tmp_path: Path) -> None:
    """Numbers, NaN and gaps come out as they stand in the file."""
    path = tmp_path / "log.csv"
    path.write_text("step,loss,lr\n1,2.5,\n2,nan,0.1\n")
    with open_source(str(path)) as source:
        layout = layout_of(source.head)
        assert layout is not None
        found = read_small(source, layout, ["loss", "lr"])
    assert found is not None
    values, logged = found
    assert values[0, 0] == 2.5 and math.isnan(values[1, 0]) and values[1, 1] == 0.1
    assert logged.tolist() == [[True, False], [True, True]]


def test_classify_small_csv_imports_neither_pandas_nor_torch(tmp_path: Path) -> None:
    """A small log costs no heavy import."""
    path = tmp_path / "log.csv"
    path.write_text("step,loss\n" + "".join(f"{n},{2 - n / 50}\n" for n in range(40)))
    code = f"import sys, nandoctor; nandoctor.classify({str(path)!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pandas", "torch", "sqlite3", "rich", "typer"} & set(done.stdout.split())
