"""Statistics against float64 arithmetic: every dtype, planted values, odd layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from checkpoints.reference import (
    FLOATS,
    INTEGERS,
    check_against_float64,
    facts_of,
    stats_of,
)
from nandoctor.checkpoints import open_checkpoint, scan

_FIXTURE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def planted(dtype: torch.dtype, size: int, seed: int, scale: float = 1.0) -> torch.Tensor:
    """Return random values with zeros of both signs, subnormals, limits, infinities and NaNs."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(size, generator=generator, dtype=torch.float64) * scale
    info = torch.finfo(dtype)
    special = [0.0, -0.0, info.smallest_normal / 2, -info.smallest_normal / 4, info.max, info.min,
               float("inf"), float("-inf"), float("nan")]  # fmt: skip
    where = torch.randperm(size, generator=generator)
    for place, value in zip(where.tolist(), special[: seed % 10], strict=False):
        values[place] = value
    return values.to(dtype)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@given(size=st.integers(1, 300), seed=st.integers(0, 10_000), exact=st.booleans())
@_FIXTURE
def test_scan_planted_values_equals_float64(
    tmp_path: Path, dtype: torch.dtype, size: int, seed: int, exact: bool
) -> None:
    """Counts are exact and sums equal float64 for small tensors of every floating dtype."""
    tensor = planted(dtype, size, seed)
    stats = stats_of(tensor, tmp_path / "t.pt", exact=exact)
    check_against_float64(stats, tensor, 1e-12)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0])
@pytest.mark.parametrize("seed", [0, 3, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_scan_large_tensor_stays_within_tolerance(
    tmp_path: Path, dtype: torch.dtype, seed: int, scale: float, exact: bool
) -> None:
    """Blocks of the fast pass keep exact counts and an L2 within the promised tolerance."""
    tensor = planted(dtype, 300_001, seed, scale)
    stats = stats_of(tensor, tmp_path / "t.pt", exact=exact)
    check_against_float64(stats, tensor, 1e-12 if exact else 3e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@given(
    size=st.integers(4097, 9000), sign=st.sampled_from([1, -1, 0]),
    small=st.lists(st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.99, -0.99, 1.0, -1.0]), max_size=4),
    floor=st.sampled_from([2.0, 100.0]), seed=st.integers(0, 99),
)  # fmt: skip
@_FIXTURE
def test_scan_fast_block_counts_the_smallest_of_either_sign(
    tmp_path: Path, dtype: torch.dtype, size: int, sign: int, small: list[float], floor: float,
    seed: int,
) -> None:  # fmt: skip
    """Zeros and subnormals are counted whichever sign holds them, in blocks of one sign, too."""
    generator = torch.Generator().manual_seed(seed)
    normal = torch.finfo(dtype).smallest_normal
    values = floor * normal + torch.rand(size, generator=generator, dtype=torch.float64)
    values *= sign or torch.randint(0, 2, (size,), generator=generator) * 2 - 1
    where = torch.randperm(size, generator=generator)
    for place, value in zip(where.tolist(), small, strict=False):
        values[place] = value * normal
    tensor = values.to(dtype)
    check_against_float64(stats_of(tensor, tmp_path / "t.pt"), tensor, 3e-6)


@pytest.mark.parametrize("value", [0.1, -3.0, 1e-20, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_scan_constant_tensor_has_no_spread(
    tmp_path: Path, dtype: torch.dtype, value: float
) -> None:
    """A constant tensor has std 0 and a norm that rounding does not push away."""
    tensor = torch.full((200_000,), value, dtype=dtype)
    stats = stats_of(tensor, tmp_path / "t.pt")
    check_against_float64(stats, tensor, 3e-6)
    assert stats.std == 0.0


def test_scan_narrow_spread_keeps_std(tmp_path: Path) -> None:
    """A layer-norm weight near one keeps a precise standard deviation in the fast pass."""
    tensor = 1 + torch.randn(100_000) * 1e-4
    stats = stats_of(tensor, tmp_path / "t.pt")
    assert stats.std == pytest.approx(float(tensor.double().std(correction=0)), rel=1e-6)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_scan_integers_counts_exactly(tmp_path: Path, dtype: torch.dtype) -> None:
    """Integer dtypes and bool give exact extremes, zeros and sums."""
    generator = torch.Generator().manual_seed(1)
    high = 2 if dtype is torch.bool else 100
    tensor = torch.randint(0, high, (40_000,), generator=generator).to(dtype)
    check_against_float64(stats_of(tensor, tmp_path / "t.pt"), tensor, 1e-12)


def test_scan_integer_limits_are_counted(tmp_path: Path) -> None:
    """Values at both ends of an integer dtype count as at the limit."""
    stats = stats_of(torch.tensor([127, -128, 5, 0], dtype=torch.int8), tmp_path / "t.pt")
    assert (stats.num_at_limit, stats.num_zero) == (2, 1)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128], ids=str)
def test_scan_complex_counts_parts(tmp_path: Path, dtype: torch.dtype) -> None:
    """Complex tensors are counted by their parts, also where conjugation is pending."""
    tensor = torch.randn(500, dtype=torch.complex128).to(dtype)
    tensor[7] = complex(float("nan"), float("inf"))
    check_against_float64(stats_of(tensor, tmp_path / "a.pt"), tensor, 1e-12)
    conjugated = stats_of(tensor.conj(), tmp_path / "b.pt")
    check_against_float64(conjugated, tensor.conj().resolve_conj(), 1e-12)


def _views() -> dict[str, torch.Tensor]:
    base = torch.randn(40, 30, 20)
    base[3, 4, 5] = float("nan")
    base[30, 0, 1] = float("-inf")
    return {
        "transposed": base.permute(2, 0, 1),
        "strided": base[::3, 1::2, ::5],
        "column": base[:, :, 3],
        "sliced": base[2:],
        "expanded": base[:, :1, :].expand(40, 7, 20),
        "expanded_row": torch.tensor([[1.0, float("nan"), -0.0]]).expand(1000, 3),
        "channels_last": torch.randn(2, 3, 50, 70).to(memory_format=torch.channels_last),
        "zero_dim": torch.tensor(float("inf")),
        "unfolded": torch.arange(20.0).unfold(0, 5, 1),
        "big_stride": torch.randn(5000, 200)[:, 7],
    }


@pytest.mark.parametrize("name", list(_views()))
def test_scan_view_uses_logical_coordinates(tmp_path: Path, name: str) -> None:
    """Non-contiguous views give the statistics and coordinates of their logical elements."""
    tensor = _views()[name]
    check_against_float64(stats_of(tensor, tmp_path / "t.pt", exact=True), tensor.clone(), 1e-12)


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.filterwarnings("ignore:Sparse CSC")
@pytest.mark.parametrize("layout", ["coo", "csr", "csc"])
def test_scan_sparse_counts_what_is_not_stored(tmp_path: Path, layout: str) -> None:
    """Sparse tensors count their implicit zeros and place a bad value in the dense shape."""
    dense = torch.zeros(6, 5)
    dense[4, 2], dense[1, 3] = float("nan"), 2.5
    tensor = {"coo": dense.to_sparse, "csr": dense.to_sparse_csr, "csc": dense.to_sparse_csc}[
        layout
    ]()
    stats = stats_of(tensor, tmp_path / "t.pt")
    assert (stats.num_nan, stats.num_zero, stats.max) == (1, 28, 2.5)
    assert stats.first_bad == (4, 2) and stats.absmax_index == (1, 3)


@pytest.mark.filterwarnings("ignore:torch.quantize")
def test_scan_quantised_reports_real_values(tmp_path: Path) -> None:
    """A quantised tensor is measured in the numbers that it stands for."""
    tensor = torch.tensor([-5, 3, 10], dtype=torch.int8)
    quantised = torch._make_per_tensor_quantized_tensor(tensor, 0.1, 2)
    stats = stats_of(quantised, tmp_path / "t.pt")
    assert (stats.dtype, stats.min, stats.max) == ("qint8", pytest.approx(-0.7), pytest.approx(0.8))


def test_scan_meta_and_empty_have_no_values(tmp_path: Path) -> None:
    """Tensors without elements or without storage are listed with empty statistics."""
    tree = {"model": {"meta": torch.empty(2, 2, device="meta"), "empty": torch.empty(0, 3)}}
    facts = facts_of(tree, tmp_path / "t.pt")
    assert [(t.name, t.numel, t.min, t.l2) for t in facts.tensors] == [
        ("meta", 4, None, None), ("empty", 0, None, None),
    ]  # fmt: skip
    assert not facts.damage


def test_scan_bit_flip_leaves_family_visible(tmp_path: Path) -> None:
    """One huge element does not hide the root mean square of the others."""
    tensor = torch.randn(100_000) * 0.02
    rms = float(tensor.double().square().mean().sqrt())
    tensor[777] = 3.2e38
    stats = stats_of(tensor.reshape(100, 1000), tmp_path / "t.pt")
    assert stats.absmax_index == (0, 777)
    assert stats.rms_rest == pytest.approx(rms, rel=1e-3)


def test_scan_float64_extremes_do_not_overflow(tmp_path: Path) -> None:
    """Squares beyond float64 are summed without overflow or underflow."""
    for scale in (1e300, 1e-300):
        tensor = torch.tensor([3.0, 4.0], dtype=torch.float64) * scale
        stats = stats_of(tensor, tmp_path / "t.pt")
        assert stats.l2 == pytest.approx(5 * scale, rel=1e-12)
        assert stats.std == pytest.approx(0.5 * scale, rel=1e-9)


@given(bits=st.lists(st.integers(0, 65535), min_size=1, max_size=64))
@_FIXTURE
def test_scan_any_bit_pattern_is_classified(tmp_path: Path, bits: list[int]) -> None:
    """Every 16-bit pattern, NaN payloads and negative NaNs included, is counted as torch does."""
    raw = torch.from_numpy(np.array(bits * 90, np.uint16).view(np.int16))
    for dtype in (torch.float16, torch.bfloat16):
        tensor = raw.view(dtype)
        check_against_float64(stats_of(tensor, tmp_path / "t.pt"), tensor, 3e-6)


def test_scan_big_endian_file_is_read(tmp_path: Path) -> None:
    """A file written on a big-endian machine gives the same statistics."""
    array = np.array([1.5, -2.0, np.nan], dtype=">f4")
    np.save(tmp_path / "a.npy", array)
    (stats,) = scan(open_checkpoint(tmp_path / "a.npy")).tensors
    assert (stats.num_nan, stats.min, stats.max) == (1, -2.0, 1.5)


def test_scan_shared_storage_is_read_once(tmp_path: Path) -> None:
    """Tied weights appear under both names; the bytes that are read count once."""
    weight = torch.randn(1000, 1000)
    seen: list[str] = []
    torch.save({"model": {"embed": weight, "head": weight}}, tmp_path / "t.pt")
    facts = scan(open_checkpoint(tmp_path / "t.pt"), progress=lambda text, share: seen.append(text))
    assert [t.name for t in facts.tensors] == ["embed", "head"]
    assert facts.tensors[0].l2 == facts.tensors[1].l2
    assert "0.00 of 0.00 GB" in seen[-1] and len(seen) == 1


def test_scan_safetensors_equals_torch_file(tmp_path: Path) -> None:
    """Both containers give the same statistics for the same tensors."""
    tensors = {str(d): planted(d, 5000, 9).reshape(50, 100) for d in FLOATS if d.itemsize > 1}
    save_file(tensors, tmp_path / "t.safetensors")
    left = {t.name: t for t in scan(open_checkpoint(tmp_path / "t.safetensors")).tensors}
    right = {t.name: t for t in facts_of({"model": tensors}, tmp_path / "t.pt").tensors}
    assert left == right
