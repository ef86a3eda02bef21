"""Vectorised parsing of decimals agrees with Python's float() to the last bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.logs.floats import parse

WIDTH = 44
SPELLINGS = st.one_of(
    st.floats(-1e40, 1e40).map(repr),
    st.floats(-1e6, 1e6).map(lambda x: f"{x:.4f}"),
    st.floats(1e-40, 1e12).map(lambda x: f"{x:.6E}"),
    st.floats(1e-12, 1e12).map(lambda x: f"{x:e}"),
    st.integers(-(10**20), 10**20).map(lambda x: f"{x:8d}"),
    st.sampled_from(["nan", "-inf", ".5", "5.", "1e5", "+3", "-", "", "1e", "00012", "1.5.2"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPELLINGS, min_size=1, max_size=400))
def test_parse_of_any_spelling_equals_float_or_refuses(words: list[str]) -> None:
    """What is called a plain decimal has float()'s value and its length; the rest is refused."""
    rows = [(word + ",").encode().ljust(WIDTH, b",")[:WIDTH] for word in words]
    windows = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, WIDTH)
    values, end, is_plain = parse(windows)
    for word, value, length, plain in zip(words, values, end, is_plain, strict=True):
        if plain:
            assert float(word[:length]) == value
            assert length == len(word.removesuffix("e"))
        else:
            is_odd = "1.5.2" in word or len(word) > 15 or "e-3" in word  # too near to zero
            assert is_odd or not word.strip()[-1:].isdigit()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-30, 1e30), min_size=60, max_size=300))
def test_parse_of_many_printed_doubles_takes_nearly_all(numbers: list[float]) -> None:
    """Doubles as repr prints them are read without falling back, bit for bit."""
    rows = [f"{number!r},".encode().ljust(WIDTH, b",") for number in numbers]
    values, _, is_plain = parse(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, WIDTH))
    assert is_plain.mean() > 0.9
    assert np.array_equal(values[is_plain], np.array(numbers)[is_plain])
