"""Tables of numbers are read at once, to what a naive reader finds; others are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nandoctor.logs import csv_table
from nandoctor.logs.csv_layout import layout_of
from nandoctor.logs.format import Reading
from nandoctor.logs.plain_table import read_plain
from nandoctor.logs.source import open_source
from nandoctor.logs.spelling import NAN_SPELLINGS, to_number

NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**19), 10**19).map(str),
    st.floats(-1e3, 1e3).map(lambda number: f"{number:.6E}"),
    st.sampled_from(["inf", "-inf", "Infinity", "+3", "1.", "1e400", "9" * 40]),
)
ODD = st.sampled_from(
    ["", "", "nan", "NaN", "-nan", "NAN", "null", "oops", "1_0", "0x1", "True", "5%", "3,4",
     "'nan'", "1.#QNAN", "--", "N/A", "-", "tensor(2.5)"]
)  # fmt: skip
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def _readings(text: str, folder: Path) -> tuple[object, Reading, Reading]:
    """Return what the shortcut gives, and the readings with it and without it."""
    path = folder / "log.csv"
    path.write_bytes(text.encode())
    with open_source(str(path)) as source:
        layout = layout_of(source.head)
        assert layout is not None
        plain = read_plain(source, layout)
    readings = []
    for shortcut in (read_plain, lambda *_: None):
        with pytest.MonkeyPatch.context() as patch, open_source(str(path)) as source:
            patch.setattr(csv_table, "read_small", lambda *_: None)
            patch.setattr(csv_table, "read_plain", shortcut)
            readings.append(csv_table.FORMAT.read(source))
    return plain, readings[0], readings[1]


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=30), end=LINE_ENDS)
def test_read_plain_numbers_gives_what_float_gives(
    rows: list[tuple[str, ...]], end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any plain numbers, correctly rounded, cell by cell."""
    text = end.join(["step,loss,lr", *map(",".join, rows)]) + end
    plain, _, _ = _readings(text, tmp_path_factory.mktemp("table"))
    assert isinstance(plain, tuple)
    assert plain[1] is None
    assert plain[0].tolist() == [[float(cell) for cell in row] for row in rows]


@settings(max_examples=80, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.one_of(NUMBERS, ODD), min_size=1, max_size=5), min_size=3, max_size=20
    ),
    end=LINE_ENDS,
    ends=st.booleans(),
)
def test_read_plain_any_cells_is_refused_or_the_same_as_in_chunks(
    rows: list[list[str]], end: str, ends: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Odd cells, ragged rows, cut-off ends: the same numbers, marks and lines as with care."""
    head = ["step,loss,lr", "1,2.5,0.1", "2,2.5,0.1", "3,2.5,0.1"]
    text = end.join([*head, *map(",".join, rows)]) + (end if ends else "")
    assume(layout_of(text.encode()) is not None)
    _, quick, careful = _readings(text, tmp_path_factory.mktemp("table"))
    assert quick.num_lines == careful.num_lines
    assert (quick.num_unread, quick.unread_examples) == (
        careful.num_unread,
        careful.unread_examples,
    )
    for mine, other in zip(quick.groups[0].table(), careful.groups[0].table(), strict=True):
        assert np.array_equal(mine, other, equal_nan=mine.dtype.kind == "f")


@pytest.mark.parametrize("spelling", NAN_SPELLINGS)
def test_read_plain_with_a_nan_spelling_at_the_end_logs_nan(spelling: str, tmp_path: Path) -> None:
    """A NaN of the last rows does not cost the quick way, and is logged."""
    assert math.isnan(to_number(spelling) or 0.0)
    text = "step,loss,lr\n" + "1,2.5,0.1\n" * 4 + f"2,{spelling},0.1\n"
    plain, quick, careful = _readings(text, tmp_path)
    assert isinstance(plain, tuple)
    assert plain[1] is None
    assert math.isnan(plain[0][-1, 1])
    assert quick.groups[0].table()[2].all()
    assert careful.groups[0].table()[2].all()


def test_read_plain_with_empty_cells_says_which_are_logged(tmp_path: Path) -> None:
    """A sparse column is no NaN column."""
    plain, _, _ = _readings("step,loss,val_loss\n1,2.5,\n2,2.4,2.6\n3,2.3,\n", tmp_path)
    assert isinstance(plain, tuple)
    assert plain[1] is not None
    assert plain[1].tolist() == [[True, True, False], [True, True, True], [True, True, False]]


@pytest.mark.parametrize(
    "text",
    ["step,loss\n1,2\n2,nan\n3,\n", "step,loss\n1,2\n2,1,7\n",
     "step,loss\n1,2\n2,2\n3,2\n4,2\nstep,loss\n1,2\n",
     'step,loss\n1,"2"\n', "step;loss\n1;2,5\n", "step,loss\n1,2\n2,oops\n3,1\n4,1\n"],
)  # fmt: skip
def test_read_plain_of_what_needs_care_is_refused(text: str, tmp_path: Path) -> None:
    """NaN beside gaps, longer rows, a second header, quotes, decimal commas and words."""
    assert _readings(text, tmp_path)[0] is None
