"""The tracer on an accelerator, and the same steps on the CPU; skipped where there is none."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import nandoctor
from nandoctor.batches import map_tensors
from nandoctor.interventions import run_trials
from nandoctor.snapshot import capture_rng, is_same_bits
from nandoctor.step import with_fixed_rng
from nandoctor.target import Precision, ReplayTarget
from nandoctor.tracing import observe
from nandoctor.tracing.records import Plan
from nandoctor.tracing.runs import watched
from tests.tracing import micro_backward, micro_forward, micro_leaves  # noqa: F401
from tests.tracing.micro import CASES
from tests.tracing.test_device_waits import Repeated
from tests.tracing.test_micro_cases import check

pytestmark = pytest.mark.filterwarnings("ignore")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
needs_mps = pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no MPS device")
CUDA = pytest.param("cuda", marks=[pytest.mark.gpu, needs_cuda])
MPS = pytest.param("mps", marks=[pytest.mark.gpu, needs_mps])
DEVICES = ["cpu", CUDA, MPS]
NAMES = ("through_index_and_cat", "non_reentrant", "reentrant", "nan_target", "loop_over_samples")


def on(target: ReplayTarget, device: str) -> ReplayTarget:
    """Return the step on a device, with the generators as they stand there."""
    target.model.to(device)
    batch = map_tensors(target.batch, lambda tensor: tensor.to(device))
    return with_fixed_rng(replace(target, batch=batch))


def small(loss: Callable[..., torch.Tensor], **fields: Any) -> ReplayTarget:
    """Return a step of two layers on eight rows."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 4))
    return ReplayTarget(model, {"x": torch.randn(8, 4)}, loss, **fields)


@pytest.mark.parametrize("device", [CUDA, MPS])
@pytest.mark.parametrize("name", NAMES)
def test_origin_on_a_device_is_that_of_the_cpu(name, device):
    """Deferred sums, then the suspects: the same origin."""
    check(CASES[name], observe(on(CASES[name].build(), device)).origin)


@pytest.mark.parametrize("device", DEVICES)
def test_logarithm_of_zero_in_the_forward_pass(device):
    """Phase, op and sample of a fault that one row carries."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        rows = torch.arange(8, device=batch["x"].device) != 5
        return (model(batch["x"]).square().sum(1) * rows).log().mean()

    origin = observe(on(small(loss), device)).origin
    assert origin is not None
    assert (origin.phase, origin.op) == ("forward", "log")
    assert origin.outputs[0].indices == ((5,),)


@pytest.mark.parametrize("device", DEVICES)
def test_square_root_at_zero_in_the_backward_pass(device):
    """The gradient's op is mapped to its forward op, on the calling thread."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return (model(batch["x"]) * 0).sum(1).sqrt().mean()

    origin = observe(on(small(loss), device)).origin
    assert origin is not None
    assert (origin.phase, origin.forward_op) == ("backward", "sqrt")


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_overflow_under_autocast_is_named_and_bf16_cures_it(device):
    """float16 autocast of the device's own type: the product overflows, bfloat16 holds it."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        wide = torch.full_like(batch["x"], 300.0)
        return (model(batch["x"]).mean() + (wide @ wide.T).float().mean()) / 1e6

    target = on(small(loss, precision=Precision("float16")), device)
    facts = observe(target)
    assert facts.origin is not None
    assert facts.origin.op in ("mm", "matmul")
    trials = {t.intervention: t.outcome for t in run_trials(target, facts)}
    assert trials["bf16"] == trials["no_autocast"] == "fixed"


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_logarithm_under_bfloat16_autocast_is_named(device):
    """bfloat16 rounds the argument to zero."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        near = model(batch["x"]) * 0 + 1.001
        return (near - 1).log().mean()

    facts = observe(on(small(loss, precision=Precision("bfloat16")), device))
    assert facts.origin is not None
    assert facts.origin.op == "log"
    assert facts.precision == "bf16_amp"


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_loss_scale_too_high_overflows_the_gradients_and_a_lower_one_cures_it(device):
    """As GradScaler: the scaled loss is float32, the gradients of float16 products overflow."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return model(batch["x"]).float().square().mean()

    target = on(small(loss, precision=Precision("float16", 2.0**40)), device)
    facts = observe(target)
    assert facts.phase == "backward"
    trials = {t.intervention: t.outcome for t in run_trials(target, facts)}
    assert trials["lower_loss_scale"] == "fixed"


@pytest.mark.parametrize("device", DEVICES)
def test_fused_attention_whose_scores_overflow_is_named_as_one_op(device):
    """The kernel hides its inner ops: it is itself the origin."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        q = model(batch["x"]).view(1, 1, 8, 4) + 1e20
        return F.scaled_dot_product_attention(q, q, q).mean()

    origin = observe(on(small(loss), device)).origin
    assert origin is not None
    ops = (origin.op, origin.forward_op or "")
    fused = any("scaled_dot_product" in op or "attention" in op for op in ops)
    assert fused or device == "mps" or origin.op in ("bmm", "_softmax", "_safe_softmax", "mul")


@pytest.mark.parametrize("device", ["cpu", CUDA])
@pytest.mark.parametrize("switches", [{"foreach": True}, {"fused": True}, {"capturable": True}])
def test_optimizer_on_a_device_is_simulated_and_put_back(device, switches):
    """Fused and capturable optimizers keep their step on the device; a corrupt moment is found."""
    if device == "cpu" and "capturable" in switches:
        pytest.skip("capturable optimizers stand on accelerators only")
    target = on(small(lambda m, b: m(b["x"]).square().mean()), device)
    optimizer = torch.optim.AdamW(target.model.parameters(), lr=1e-3, **switches)
    target.compute_loss(target.model, target.batch).backward()
    optimizer.step()
    weight = target.model[0].weight
    optimizer.state[weight]["exp_avg_sq"][0, 0] = -1.0
    before = _everything(target.model, optimizer)
    facts = observe(replace(target, optimizer=optimizer))
    assert facts.phase == "optimizer"
    assert facts.origin is not None
    assert facts.origin.tensor in ("0.weight", "exp_avg_sq.0.weight")
    _assert_same(before, _everything(target.model, optimizer))


def _everything(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    states = [v for s in optimizer.state.values() for v in s.values() if torch.is_tensor(v)]
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    rng = capture_rng()
    held = [*model.parameters(), *model.buffers(), *states, *gradients]
    return [t.detach().clone() for t in (*held, rng["torch"], *rng.get("cuda", ()))]


def _assert_same(before: list[torch.Tensor], after: list[torch.Tensor]) -> None:
    assert len(before) == len(after)
    assert all(is_same_bits(a, b) for a, b in zip(before, after, strict=True))
    assert [t.device for t in before] == [t.device for t in after]


@pytest.mark.parametrize("device", DEVICES)
def test_observation_and_trials_leave_the_device_as_it_was(device):
    """Weights, buffers, moments, gradients and every device's generator, bit for bit."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return (F.dropout(model(batch["x"]), 0.5) * 0).sum().log()

    target = on(small(loss), device)
    optimizer = torch.optim.AdamW(target.model.parameters())
    target.model(target.batch["x"]).sum().backward()
    optimizer.step()
    before = _everything(target.model, optimizer)
    target = replace(target, optimizer=optimizer)
    run_trials(target, observe(target))
    _assert_same(before, _everything(target.model, optimizer))


@pytest.mark.parametrize("device", DEVICES)
def test_fault_that_hangs_on_the_devices_random_numbers_comes_back(device):
    """Every run starts from the same state of the device's generator."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        drawn = torch.rand(8, device=batch["x"].device)
        return (model(batch["x"]).mean(1) + (drawn - drawn.min()).log()).mean()

    target = on(small(loss), device)
    assert repr(observe(target).origin) == repr(observe(target).origin)
    assert observe(target).is_reproduced


@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_batch_copied_without_blocking_is_no_origin(device):
    """A pinned batch that is still under way holds garbage; the fault behind it is named."""
    target = small(lambda m, b: (m(b["x"].to(device, non_blocking=True)) * 0).sum().log())
    target.model.to(device)
    if device == "cuda":
        target = replace(target, batch=map_tensors(target.batch, torch.Tensor.pin_memory))
    origin = observe(target).origin
    assert origin is not None
    assert origin.op == "log"


@pytest.mark.gpu
@needs_cuda
def test_op_on_a_side_stream_is_seen():
    """Sums of another stream are read only when they are there."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            out = (model(batch["x"]) * 0).sum().log()
        torch.cuda.current_stream().wait_stream(side)
        return out

    origin = observe(on(small(loss), "cuda")).origin
    assert origin is not None
    assert origin.op == "log"


@pytest.mark.gpu
@needs_cuda
def test_first_run_of_a_trace_does_not_wait_op_by_op():
    """By CUDA's own account of waits: as many for twenty layers as for two."""

    def waits(times: int) -> int:
        torch.manual_seed(0)
        loss = lambda m, b: m(b).square().mean()  # noqa: E731
        target = on(ReplayTarget(Repeated(times), torch.randn(8, 6), loss), "cuda")
        watched(target, "backward", Plan(is_deferred=True), {})
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                watched(target, "backward", Plan(is_deferred=True), {}).watch.suspicions()
            finally:
                torch.cuda.set_sync_debug_mode("default")
        return sum("synchronizing" in str(warning.message) for warning in seen)

    assert waits(20) == waits(2)


@pytest.mark.gpu
@needs_cuda
def test_step_that_does_not_fit_is_replayed_on_the_cpu():
    """The device is really asked for more than it has."""

    def loss(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        if batch["x"].is_cuda:
            torch.empty(2**46, device="cuda")
        return (model(batch["x"]) * 0).sum().log()

    target = on(small(loss), "cuda")
    report = nandoctor.replay(target.model, target.batch, loss).to_dict()
    assert report["origin"]["op"] == "log"
    assert next(target.model.parameters()).is_cuda


@pytest.mark.gpu
@needs_cuda
def test_trace_needs_little_more_memory_than_the_step():
    """Nothing of the step is kept alive: at most 1.3 times its peak, the backup included."""
    torch.manual_seed(0)
    model = nn.Sequential(*(nn.Linear(512, 512) for _ in range(8)))
    loss = lambda m, b: m(b).square().mean()  # noqa: E731
    target = on(ReplayTarget(model, torch.randn(8192, 512), loss), "cuda")

    def peak(run: Callable[[], object]) -> int:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated()

    plain = peak(lambda: loss(target.model, target.batch).backward())
    target.model.zero_grad(set_to_none=True)
    assert peak(lambda: watched(target, "backward", Plan(is_deferred=True), {})) <= 1.3 * plain


@pytest.mark.parametrize("device", [CUDA, MPS])
def test_other_device_tells_that_the_fault_is_not_this_ones(device):
    """The CPU fails alike: no kernel is to blame."""
    target = on(small(lambda m, b: (m(b["x"]) * 0).sum().log()), device)
    trials = run_trials(target, observe(target), only=["other_device"])
    assert [(t.outcome, t.detail) for t in trials] == [("not_fixed", "on cpu")]
