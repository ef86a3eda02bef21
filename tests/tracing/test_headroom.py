"""The measured range of modules: numbers, planted overflow and underflow, nothing left behind."""

from __future__ import annotations

import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

from nandoctor.evidence import Headroom
from nandoctor.target import Precision, ReplayTarget
from nandoctor.tracing import headroom


class Chain(nn.Module):
    """Two layers with a gain between them and a gain behind the second."""

    def __init__(self, gain: float = 1.0, tail: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(6, 5), nn.Linear(5, 4)
        self.gain, self.tail = gain, tail

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one row of four a sample."""
        return self.second(self.first(x) * self.gain) * self.tail


class Wrapped(nn.Module):
    """Gives its result as the second member of a container of its own kind."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.inner, self.kind = nn.Linear(6, 5), kind

    def forward(self, x: torch.Tensor) -> object:
        """Return the result in a tuple, a dictionary or a dataclass."""
        out, count = self.inner(x), torch.ones(3, dtype=torch.int64)
        if self.kind == "tuple":
            return count, (out, out * 2)
        return {"count": count, "out": out} if self.kind == "dict" else Output(count, out)


@dataclasses.dataclass
class Output:
    """A result like transformers' ModelOutput."""

    count: torch.Tensor
    out: torch.Tensor


class Nest(nn.Module):
    """A wrapped module below a root, as the root itself is not measured."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.block = Wrapped(kind)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the block wraps."""
        out = self.block(x)
        if isinstance(out, tuple):
            return out[1][0]
        return out["out"] if isinstance(out, dict) else out.out


def step(model: nn.Module, **more: object) -> ReplayTarget:
    """Build a step of a model on a fixed batch."""
    batch = torch.randn(7, 6, generator=torch.Generator().manual_seed(1))
    return ReplayTarget(model, batch, lambda m, b: m(b).float().square().mean(), **more)  # type: ignore[arg-type]


def by_name(found: tuple[Headroom, ...]) -> dict[tuple[str, str], Headroom]:
    """Index what was measured."""
    return {(item.module, item.kind): item for item in found}


def test_headroom_numbers_equal_a_direct_computation() -> None:
    """Largest, smallest and bits of an output and of its gradient, computed by hand."""
    target = step(Chain())
    found = by_name(headroom(target))
    inner = target.model.first(target.batch)
    inner.retain_grad()
    target.model.second(inner).square().mean().backward()
    for kind, tensor in (("activation", inner.detach()), ("gradient", inner.grad)):
        item, size = found["first", kind], tensor.abs()
        assert item.absmax == pytest.approx(float(size.max()), rel=1e-6)
        assert item.absmin == pytest.approx(float(size.min()), rel=1e-6)
        bits = math.log2(65504 / float(size.max()))
        assert item.fits["float16"].bits_to_max == pytest.approx(bits, abs=1e-5)
        bits = math.log2(float(size.min()) / 2**-24)
        assert item.fits["float16"].bits_to_min == pytest.approx(bits, abs=1e-5)
        assert item.low == pytest.approx(float(size.flatten().sort().values[0]), rel=1e-6)
    assert found["first", "activation"].module_class == "Linear"
    assert [item.module for item in headroom(target) if item.kind == "activation"] == [
        "first", "second",
    ]  # fmt: skip


def test_headroom_leaves_model_gradients_and_rng_bit_identical() -> None:
    """Weights, stored gradients, hooks and the random state are as they were."""
    model = Chain()
    model.first.weight.grad = torch.full_like(model.first.weight, 3.0)
    before, rng = copy.deepcopy(model), torch.get_rng_state()
    for precision in (Precision(), Precision("bfloat16"), Precision(loss_scale=1024.0)):
        headroom(step(model, precision=precision))
    assert torch.equal(torch.get_rng_state(), rng)
    for old, new in zip(before.parameters(), model.parameters(), strict=True):
        assert torch.equal(old, new) and old.dtype == new.dtype
    assert bool((model.first.weight.grad == 3.0).all())
    assert model.second.weight.grad is None
    assert not any(module._forward_hooks for module in model.modules())


def test_headroom_finds_a_planted_fp16_overflow_in_the_module_that_has_it() -> None:
    """The gain of a million reaches the second layer only."""
    found = by_name(headroom(step(Chain(gain=1e6))))
    second = found["second", "activation"].fits
    assert second["float16"].share_saturated > 0.5 and second["float16"].bits_to_max < 0
    assert second["bfloat16"].share_saturated == 0 and second["bfloat16"].bits_to_max > 100
    assert found["first", "activation"].fits["float16"].share_saturated == 0


def test_headroom_finds_planted_gradient_underflow_that_a_loss_scale_cures() -> None:
    """Gradients of 1e-9 are zero in fp16; at a scale of 65536 none of them is."""
    found = by_name(headroom(step(Chain(tail=1e-4), precision=Precision(loss_scale=65536.0))))
    gradient = found["first", "gradient"]
    assert gradient.fits["float16"].share_underflow > 0.9
    assert gradient.fits["bfloat16"].share_underflow == 0
    assert gradient.share_lost < 0.05
    plain = by_name(headroom(step(Chain(tail=1e-4))))["first", "gradient"]
    assert plain.share_lost == plain.fits["float16"].share_underflow


def test_headroom_of_an_ordinary_step_is_ample() -> None:
    """Nothing saturates or underflows where nothing was planted."""
    for item in headroom(step(Chain())):
        fit = item.fits["float16"]
        assert fit.bits_to_max > 10 and fit.share_saturated == fit.share_underflow == 0


def test_headroom_divides_the_loss_scale_out() -> None:
    """The gradients are those of the plain loss."""
    plain, scaled = (
        by_name(headroom(step(Chain(), precision=Precision(loss_scale=scale))))
        for scale in (1.0, 4096.0)
    )
    for key, item in plain.items():
        assert scaled[key].absmax == pytest.approx(item.absmax, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_headroom_under_autocast_measures_what_the_16_bits_cannot_show(dtype: str) -> None:
    """The dtype is the step's own; the range is that of the same step in float32."""
    found = by_name(headroom(step(Chain(gain=1e6), precision=Precision(dtype))))
    full = by_name(headroom(step(Chain(gain=1e6))))
    item = found["second", "activation"]
    assert item.dtype == dtype
    assert item.absmax == pytest.approx(full["second", "activation"].absmax, rel=1e-6)
    assert item.fits["float16"].share_saturated > 0.5


def test_headroom_of_a_half_model_measures_underflow_that_has_happened() -> None:
    """In a model of 16-bit weights the lost gradients are zeros; in float32 they are counted."""
    model, full = Chain(tail=1e-5), Chain(tail=1e-5)
    target = step(model.half())
    target = dataclasses.replace(target, batch=target.batch.half())
    found = by_name(headroom(target))
    wide = by_name(headroom(step(full)))["first", "gradient"]
    gradient = found["first", "gradient"]
    assert gradient.dtype == "float16"
    assert gradient.fits["float16"].share_underflow == pytest.approx(
        wide.fits["float16"].share_underflow, abs=0.1
    )
    assert gradient.fits["float16"].share_underflow > 0.9
    assert all(p.dtype == torch.float16 for p in model.parameters())


@pytest.mark.parametrize("kind", ["tuple", "dict", "dataclass"])
def test_headroom_of_a_container_takes_its_first_floating_point_tensor(kind: str) -> None:
    """Counts before the result, and containers in containers, are no obstacle."""
    found = by_name(headroom(step(Nest(kind))))
    assert found["block", "activation"].absmax == found["block.inner", "activation"].absmax
    assert ("block", "gradient") in found


def test_headroom_of_a_step_that_raises_tells_what_came_before() -> None:
    """The first layer was run, then the user's code raised."""
    model = Chain()
    target = ReplayTarget(model, torch.ones(2, 6), lambda m, b: m.first(b)[:, 9].mean())
    assert [item.module for item in headroom(target)] == ["first"]


def test_headroom_leaves_non_finite_elements_out() -> None:
    """A NaN sample does not hide the range of the others."""
    target = step(Chain())
    target.batch[2] = float("nan")
    item = by_name(headroom(target))["first", "activation"]
    assert math.isfinite(item.absmax) and item.absmax > 0


def test_headroom_of_a_recomputed_module_measures_its_gradient() -> None:
    """Under reentrant checkpointing the first call carries no gradient."""
    from torch.utils.checkpoint import checkpoint

    target = dataclasses.replace(
        step(Chain()),
        compute_loss=lambda m, b: (
            m.second(checkpoint(m.first, b.requires_grad_(), use_reentrant=True)).square().mean()
        ),
    )
    assert ("first", "gradient") in by_name(headroom(target))
