"""Small steps that fail, each in a way that some interventions cure, and the facts about them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from nandoctor.evidence import OpTensor, Origin, Phase, ReplayFacts, Source, TensorStats
from nandoctor.snapshot import capture_rng
from nandoctor.step import run_step
from nandoctor.target import Precision, ReplayTarget

INF = float("inf")
Forward = Callable[..., torch.Tensor]


class Scaled(nn.Module):
    """A weight in front of a function: the smallest model with a gradient."""

    def __init__(self, function: Forward, size: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size, dtype=dtype))
        self.function = function

    def forward(self, x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return self.function(x * self.weight, *rest)


@dataclass(frozen=True)
class Fault:
    """A failing step, what is known about it, and the interventions that cure it."""

    name: str
    target: ReplayTarget
    facts: ReplayFacts
    cures: tuple[str, ...]
    others: tuple[str, ...] = field(default=())
    """Interventions that run on it but need not cure it."""


def line_of(function: Forward) -> Source:
    """Return the line of a one-line function, the last one of a longer one."""
    lines, first = inspect.getsourcelines(function)
    last = max(line for _, _, line in function.__code__.co_lines() if line is not None)
    name = function.__qualname__
    return Source(function.__code__.co_filename, max(last, first), name, lines[-1].strip())


def facts_for(
    function: Forward | None,
    op: str,
    *,
    phase: Phase = "forward",
    samples: tuple[int, ...] | None = None,
    module: str = "",
    dtype: str = "float32",
    **more: Any,
) -> ReplayFacts:
    """Return what a trace would say about a step that fails in ``op`` inside ``function``."""
    stats = TensorStats("input", "activation", dtype, (1,), 1)
    origin = Origin(
        phase=phase,
        module=module,
        op=op,
        forward_op=op if phase == "backward" else None,
        source=line_of(function) if function else None,
        samples=samples,
        inputs=(OpTensor(stats),),
        arguments=more.pop("arguments", {}),
    )
    return ReplayFacts(True, phase, float("nan"), origin=origin, **more)


def rows() -> torch.Tensor:
    """Return four samples of three healthy numbers."""
    return torch.tensor([[0.5, 1.5, 1.0], [0.7, 0.9, 1.2], [1.1, 0.6, 0.8], [0.9, 1.3, 0.4]])


def with_row(value: float, row: int = 1) -> torch.Tensor:
    """Return the healthy samples with one of them replaced by a constant."""
    x = rows()
    x[row] = value
    return x


def step_of(model: nn.Module, *batch: torch.Tensor, **more: Any) -> ReplayTarget:
    """Return the step ``model(*batch)`` as a target."""
    return ReplayTarget(model, batch, lambda m, b: m(*b), rng=capture_rng(), **more)


def simple(
    name: str, function: Forward, op: str, x: torch.Tensor, *cures: str, **facts: Any
) -> Fault:
    """Return a fault of a function on a scaled input."""
    rest = facts.pop("rest", ())
    others = facts.pop("others", ())
    dtype = str(x.dtype).removeprefix("torch.")
    target = step_of(Scaled(function, x.shape[-1], x.dtype), x, *rest)
    return Fault(name, target, facts_for(function, op, dtype=dtype, **facts), cures, others)


class HalfSum(nn.Module):
    """A module in the middle whose sum of squares overflows float16."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return x.square().sum(-1).sqrt()


class HalfModel(nn.Module):
    """A half-precision model around it."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(3, 3, bias=False).half()
        nn.init.eye_(self.proj.weight)
        self.energy = HalfSum()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return self.energy(self.proj(x)).float().mean()


class CheckpointedExp(nn.Module):
    """An exponential inside an activation checkpoint."""

    def __init__(self, use_reentrant: bool) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.use_reentrant = use_reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        h = checkpoint(exponential, self.fc(x) * 400, use_reentrant=self.use_reentrant)
        return h.mean()


def exponential(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(x)


class BrokenNorm(torch.autograd.Function):
    """A norm whose own backward divides by zero."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        ctx.save_for_backward(x, norm)
        return norm

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        """Run it backwards."""
        x, norm = ctx.saved_tensors
        return grad * x / norm


def broken_norm(h: torch.Tensor) -> torch.Tensor:
    return BrokenNorm.apply(h).sum()


class Noisy(nn.Module):
    """Takes the logarithm of what dropout may set to zero."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.drop = nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Run it."""
        return self.drop(self.fc(x).exp()).log().mean()


def simple_faults() -> list[Fault]:
    """Return faults of one op each."""
    empty = torch.zeros(4, 3, dtype=torch.bool)
    keep = torch.ones(4, 3, dtype=torch.bool)
    keep[2] = False
    ignored = torch.full((4,), -100)
    return [
        simple("log", lambda h: h.log().mean(), "log", with_row(0.0), "eps", "clamp",
               "drop_samples", samples=(1,)),
        simple("where", lambda h: torch.where(h > 0, h.log(), h).sum(), "log", with_row(0.0),
               "safe_where", "eps", "nan_to_num", phase="backward"),
        simple("mask", lambda h, m: (h.masked_fill(~m, -INF).softmax(-1) * h).sum(), "_softmax",
               rows(), "finite_mask", rest=(keep,)),
        simple("empty", lambda h, m: h[m].mean(), "mean", rows(), "empty_zero", "eps",
               rest=(empty,)),
        simple("std", lambda h: (h[:1].std(0) + h).sum(), "std", rows(), "correction0"),
        simple("ctc", ctc, "_ctc_loss", rows(), "zero_infinity"),
        simple("labels", lambda h, y: nn.functional.cross_entropy(h, y), "nll_loss_forward",
               rows(), "relabel", "empty_zero", rest=(ignored,)),
        simple("large", lambda h: (h**5).mean(), "pow", rows() * 1e9, "scale_input", "fp64",
               "clamp"),
        simple("nan_pixel", lambda h: h.square().mean(), "mul", with_row(float("nan")),
               "clean_batch", "drop_samples", phase="batch", samples=(1,)),
        simple("custom", broken_norm, "BrokenNorm", with_row(0.0), "plain_autograd",
               phase="backward"),
        simple("attention", attention, "_scaled_dot_product_flash_attention_for_cpu",
               with_row(float("nan")), others=("math_attention",)),
    ]  # fmt: skip


def ctc(h: torch.Tensor) -> torch.Tensor:
    log_p = h.log_softmax(-1).unsqueeze(1)
    target, lengths = torch.ones(1, 4, dtype=torch.long), torch.tensor([4])
    return nn.functional.ctc_loss(log_p, target, lengths, lengths)


def attention(h: torch.Tensor) -> torch.Tensor:
    return nn.functional.scaled_dot_product_attention(h[None], h[None], h[None]).sum()


def state_faults() -> list[Fault]:
    """Return faults of the weights, the buffers and the optimizer."""
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    good = {name: value.clone() for name, value in model.state_dict().items()}

    def loss(m: nn.Module, batch: Any) -> torch.Tensor:
        return m(batch).square().mean()

    with torch.no_grad():
        model[0].weight[2, 1] = float("nan")
    weights = ReplayTarget(model, rows(), loss, rng=capture_rng(), last_good=good)
    parameters = facts_for(None, "addmm", phase="parameters", module="0")
    frozen = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 1))
    frozen[1].running_var[3] = float("nan")
    frozen[1].eval()
    buffers = ReplayTarget(frozen, rows(), loss, rng=capture_rng())
    wrong = ReplayTarget(
        Scaled(lambda h: h.log().mean(), 3), (with_row(0.0),), lambda m, b: m(*b),
        rng=capture_rng(), other_batch=lambda: (rows(),),
    )  # fmt: skip
    log = facts_for(wrong.model.function, "log")
    return [
        Fault("parameter", weights, parameters, ("reset_param", "old_weights")),
        Fault("buffer", buffers, facts_for(None, "native_batch_norm", phase="parameters"),
              ("reset_buffer",)),
        Fault("other", wrong, log, ("other_batch",), ("other_device",)),
        *optimizer_faults(),
    ]  # fmt: skip


def optimizer_faults() -> list[Fault]:
    """Return steps whose update fails."""
    faults = []
    for name, dtype, cures in (
        ("moment", torch.float32, ("reset_optimizer",)),
        ("half_eps", torch.float16, ("opt_eps", "fp32", "bf16")),
    ):
        model = Scaled(lambda h: (h * 1e-3).mean(), 3, dtype)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, foreach=False)
        if name == "moment":
            optimizer.state[model.weight] = {
                "step": torch.tensor(9.0), "exp_avg": torch.zeros(3),
                "exp_avg_sq": torch.tensor([1.0, -1.0, 1.0]),
            }  # fmt: skip
        target = step_of(model, rows().to(dtype), optimizer=optimizer)
        faults.append(Fault(name, target, facts_for(None, "sqrt", phase="optimizer"), cures))
    model = Scaled(lambda h: h.mean() * 1e30, 3)
    sgd = torch.optim.SGD(model.parameters(), lr=1e10)
    target = step_of(model, rows(), optimizer=sgd)
    facts = facts_for(None, "add", phase="optimizer", grad_norm=1e30)
    return [*faults, Fault("update", target, facts, ("lower_lr", "clip_grad"))]


def precision_faults() -> list[Fault]:
    """Return faults that a wider type cures, and those that hang on how the step is run."""
    large = with_row(200.0)
    half = step_of(HalfModel(), large.half())
    energy = facts_for(HalfSum.forward, "sum", module="energy", dtype="float16")
    amp_model = Scaled(lambda h: (h @ h.T).float().sqrt().mean(), 3)
    amp = step_of(amp_model, large * 10, precision=Precision("float16"))
    scaled_model = Scaled(lambda h: h.half().float().mean(), 3)
    scaled = step_of(scaled_model, rows(), precision=Precision(None, 2.0**30))
    product = facts_for(amp_model.function, "mm", dtype="float16")
    torch.manual_seed(0)
    noisy = facts_for(Noisy.forward, "log")
    return [
        Fault("half", half, energy, ("fp32", "bf16", "fp64", "fp32_module", "clamp")),
        Fault("amp", amp, product, ("no_autocast", "fp32", "bf16")),
        Fault("scale", scaled, facts_for(scaled_model.function, "_to_copy", phase="backward"),
              ("lower_loss_scale",)),
        Fault("noise", step_of(Noisy(), rows()), noisy, ("no_dropout", "eval_mode"),
              ("other_seed",)),
    ]  # fmt: skip


def all_faults() -> list[Fault]:
    """Return every fault; seeded, so that each run sees the same ones."""
    torch.manual_seed(1)
    return [*simple_faults(), *state_faults(), *precision_faults()]


def healthy(fault: Fault) -> Fault | None:
    """Return the same facts over a step that is well; None where the batch is not what is ill."""
    batch = fault.target.batch
    if not isinstance(batch, tuple):
        return None
    well = tuple(rows().to(x.dtype) if x.is_floating_point() else torch.ones_like(x) for x in batch)
    target = replace(fault.target, batch=well)
    return replace(fault, target=target) if run_step(target).is_finite else None
