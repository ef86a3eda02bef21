"""Magnitudes by powers of two: every element is counted once."""

import math
from pathlib import Path

import pytest
import torch

from nandoctor.checkpoints import open_checkpoint
from nandoctor.checkpoints.histograms import histograms
from nandoctor.errors import UnreadableInputError


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_histogram_of_planted_values_counts_each_once(tmp_path: Path, dtype: torch.dtype) -> None:
    """Borders belong to the bin above; zeros of both signs and non-finite ones stand apart."""
    values = [1.0, 1.5, -1.99, 2.0, 0.25, 0.0, -0.0, math.nan, math.inf, -math.inf]
    torch.save({"model_state": {"w": torch.tensor(values, dtype=dtype)}}, tmp_path / "a.pt")
    (found,) = histograms(open_checkpoint(tmp_path / "a.pt"), "w")
    assert dict(zip(found.exponents, found.counts, strict=True)) == {-2: 1, 0: 3, 1: 1}
    assert (found.num_zero, found.num_nonfinite) == (2, 3)


def test_histogram_of_random_values_adds_up(tmp_path: Path) -> None:
    """Bins, zeros and non-finite elements together are the whole tensor."""
    torch.manual_seed(0)
    torch.save({"model_state": {"w": torch.randn(37, 41)}}, tmp_path / "a.pt")
    (found,) = histograms(open_checkpoint(tmp_path / "a.pt"), "*")
    assert sum(found.counts) + found.num_zero + found.num_nonfinite == 37 * 41
    assert list(found.exponents) == sorted(found.exponents)


def test_histogram_of_a_name_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A glob without a match is an error, not an empty picture."""
    torch.save({"model_state": {"w": torch.ones(2)}}, tmp_path / "a.pt")
    with pytest.raises(UnreadableInputError, match="no tensor matches 'x\\*'"):
        histograms(open_checkpoint(tmp_path / "a.pt"), "x*")
