"""Excerpts of many frameworks' logs are read without options."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from nandoctor.logs import is_log, read_log
from tests.logs.excerpts import EXCERPTS, Excerpt


def _same(found: list[float], expected: list[float]) -> bool:
    return len(found) == len(expected) and all(
        a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("excerpt", EXCERPTS, ids=lambda excerpt: excerpt.name)
def test_read_log_of_an_excerpt_finds_loss_step_and_metrics(
    excerpt: Excerpt, tmp_path: Path
) -> None:
    """The loss, the step and the named columns are what the lines print, in file order."""
    path = tmp_path / "train.log"
    path.write_text(excerpt.text, encoding="utf-8", newline="")
    history = read_log(str(path)).history
    assert history.loss is not None
    logged = history.loss.logged
    assert _same(history.loss.values[logged].tolist(), excerpt.loss)
    if excerpt.step is None:
        assert len(history) >= len(excerpt.loss)
    else:
        assert history.step[logged].tolist() == excerpt.step
    for name, expected in excerpt.columns.items():
        column = history.columns[name]
        assert _same(column.values[column.logged].tolist(), expected), name
    assert is_log(str(path))
