"""What the statistics must be: plain float64 arithmetic over a dense tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nandoctor.checkpoints import open_checkpoint, scan
from nandoctor.evidence import CheckpointFacts, TensorStats

FLOATS = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn,
    torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
)  # fmt: skip
INTEGERS = (
    torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32,
    torch.bool,
)  # fmt: skip


def facts_of(tree: Any, path: Path, *, exact: bool = False) -> CheckpointFacts:
    """Save a tree with torch and scan it."""
    torch.save(tree, path)
    return scan(open_checkpoint(path), exact=exact)


def stats_of(tensor: torch.Tensor, path: Path, *, exact: bool = False) -> TensorStats:
    """Save one tensor with torch and return its statistics."""
    (stats,) = facts_of({"model": {"w": tensor}}, path, exact=exact).tensors
    return stats


def check_against_float64(stats: TensorStats, tensor: torch.Tensor, l2_tolerance: float) -> None:
    """Compare every statistic with float64 arithmetic over the tensor."""
    values = tensor.reshape(-1)
    if values.is_complex():
        values = torch.view_as_real(values).reshape(-1)
    is_float = values.dtype.is_floating_point
    flat = (values.float() if values.element_size() == 1 else values).double().numpy()
    finite = flat[np.isfinite(flat)]
    assert stats.num_nan == np.isnan(flat).sum()
    assert stats.num_posinf == (flat == np.inf).sum()
    assert stats.num_neginf == (flat == -np.inf).sum()
    assert stats.num_zero == (finite == 0).sum()
    size = np.abs(finite)
    if is_float:
        info = torch.finfo(values.dtype)
        assert stats.num_subnormal == ((size < info.smallest_normal) & (size > 0)).sum()
        assert stats.num_at_limit == (size == info.max).sum()
    if not len(finite):
        assert (stats.min, stats.max, stats.l2, stats.mean) == (None, None, None, None)
        return
    assert stats.min == finite.min() and stats.max == finite.max()
    _check_sums(stats, finite, l2_tolerance)
    _check_places(stats, tensor)


def _check_sums(stats: TensorStats, finite: Any, tolerance: float) -> None:
    scale = float(np.abs(finite).max()) or 1.0
    scaled = finite / scale
    norm = float(np.sqrt(np.dot(scaled, scaled)))
    assert stats.l2 is not None and stats.mean is not None and stats.std is not None
    if np.isinf(norm * scale):
        assert stats.l2 == np.inf
        return
    assert stats.l2 / scale == pytest.approx(norm, rel=tolerance)
    rms = norm / np.sqrt(len(finite))
    assert abs(stats.mean / scale - scaled.mean()) <= 10 * tolerance * rms + 1e-15
    assert abs(stats.std / scale - scaled.std()) <= 30 * tolerance * rms + 1e-12


def _check_places(stats: TensorStats, tensor: torch.Tensor) -> None:
    plain = tensor
    if not plain.is_complex():
        plain = (plain.float() if plain.element_size() == 1 else plain).double()
    bad = torch.nonzero(~torch.isfinite(plain))
    assert stats.first_bad == (tuple(bad[0].tolist()) if len(bad) else None)
    if stats.absmax_index is not None and not plain.is_complex():
        assert abs(plain[stats.absmax_index].item()) == stats.absmax
