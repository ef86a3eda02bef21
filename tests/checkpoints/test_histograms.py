"""Magnitudes by powers of two: every element is counted once."""

import math
import subprocess
import sys
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


def test_histogram_of_layouts_counts_what_they_stand_for(tmp_path: Path) -> None:
    """Implicit zeros, repeated elements, one-byte and complex numbers count as torch has them."""
    tree = {
        "sparse": torch.eye(5).to_sparse(),
        "expanded": torch.tensor([[0.5, 0.0]]).expand(7, 2),
        "byte": torch.tensor([0, 1, 4, 255], dtype=torch.uint8),
        "fp8": torch.tensor([0.5, float("nan")]).to(torch.float8_e4m3fn),
        "complex": torch.tensor([3 + 4j, 0j]),
    }
    torch.save({"model_state": tree}, tmp_path / "a.pt")
    found = {item.name: item for item in histograms(open_checkpoint(tmp_path / "a.pt"), "*")}
    counted = {
        name: (dict(zip(h.exponents, h.counts, strict=True)), h.num_zero, h.num_nonfinite)
        for name, h in found.items()
    }
    assert counted == {
        "sparse": ({0: 5}, 20, 0),
        "expanded": ({-1: 7}, 7, 0),
        "byte": ({0: 1, 2: 1, 7: 1}, 1, 0),
        "fp8": ({-1: 1}, 0, 1),
        "complex": ({2: 1}, 1, 0),
    }


def test_histogram_imports_no_torch(tmp_path: Path) -> None:
    """Counting magnitudes must not cost the seconds of that import."""
    torch.save({"model_state": {"w": torch.ones(2)}}, tmp_path / "a.pt")
    code = (
        "import sys\nfrom nandoctor.pipeline import inspect_checkpoint\n"
        "inspect_checkpoint('a.pt', histogram='*')\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_histogram_of_a_name_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A glob without a match is an error, not an empty picture."""
    torch.save({"model_state": {"w": torch.ones(2)}}, tmp_path / "a.pt")
    with pytest.raises(UnreadableInputError, match="no tensor matches 'x\\*'"):
        histograms(open_checkpoint(tmp_path / "a.pt"), "x*")
