"""What each replay case claims of itself holds in plain torch; nandoctor takes no part here."""

from __future__ import annotations

import contextlib
import importlib.util
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

# std() of one value warns; that case is about what comes after.
pytestmark = pytest.mark.filterwarnings("ignore:std.*degrees of freedom")

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "_")))
REPLAY_CAUSES = {
    "log_of_zero", "division_by_zero", "sqrt_at_zero", "norm_at_zero", "pow_at_zero", "where_trap",
    "exp_overflow", "fp16_overflow", "fp16_underflow", "bf16_precision", "all_masked_softmax",
    "zero_variance_norm", "acos_at_one", "atan2_at_origin", "empty_reduction",
    "all_labels_ignored", "ctc_infeasible", "bad_input", "unnormalised_input", "bad_parameter",
    "bad_buffer", "optimizer_state", "inf_minus_inf", "zero_times_inf", "cumulative_overflow",
    "custom_backward", "std_of_one",
}  # fmt: skip


def load(path: Path) -> ModuleType:
    """Import a case under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"replay_case_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEGITIMATE_INFINITY = {"all_masked_softmax", "inf_minus_inf", "zero_times_inf"}
CASES = {path.stem: load(path) for path in FILES}
BAD = [name for name, case in CASES.items() if case.TRUTH["phase"] != "none"]
FIXES = [(name, fix) for name in BAD for fix in CASES[name].TRUTH["fixed_by"]]
PLACED = [name for name in BAD if CASES[name].TRUTH["marker"]]


def is_finite(value: Any) -> bool:
    """Whether every floating tensor in a structure is finite."""
    floats = [
        x for x in tree_leaves(value) if isinstance(x, torch.Tensor) and x.is_floating_point()
    ]
    return all(bool(torch.isfinite(x.detach()).all()) for x in floats)


def run(
    case: ModuleType,
    model: torch.nn.Module,
    batch: Any,
    loss: Callable[..., torch.Tensor] | None = None,
    keep_optimizer_state: bool = True,
) -> dict[str, bool]:
    """Run the step; return what of it is finite."""
    optimizer = case.build_optimizer(model) if hasattr(case, "build_optimizer") else None
    if optimizer is not None and not keep_optimizer_state:
        optimizer.state.clear()
    value = (loss or case.compute_loss)(model, batch)
    value.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    result = {"loss": is_finite(value), "gradients": is_finite(gradients), "after": True}
    if optimizer is not None:
        optimizer.step()
        result["after"] = is_finite(list(model.parameters()))
    return result


def rows(batch: Any, keep: list[int]) -> Any:
    """Return the batch with some of its samples."""
    return tree_map(lambda x: x[keep], batch)


def as_dtype(value: Any, dtype: torch.dtype) -> Any:
    """Return a structure with its floating tensors in another dtype."""
    return tree_map(lambda x: x.to(dtype) if x.is_floating_point() else x, value)


def standardised(batch: dict[str, torch.Tensor], key: str) -> dict[str, torch.Tensor]:
    """Return the batch with one input at zero mean and unit variance."""
    return {**batch, key: (batch[key] - batch[key].mean()) / batch[key].std()}


def repair(model: torch.nn.Module, name: str) -> None:
    """Put 0 where a parameter or buffer is not finite."""
    tensor = model.state_dict()[name]
    tensor.nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)


@contextlib.contextmanager
def without_autocast() -> Iterator[None]:
    """Let every autocast in the case do nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "autocast", lambda *_, **__: contextlib.nullcontext())
        yield


def size(batch: Any) -> int:
    """Return the number of samples."""
    return int(tree_leaves(batch)[0].shape[0])


def with_fix(name: str, fix: str) -> dict[str, bool]:
    """Run a case with one thing changed."""
    case = CASES[name]
    truth = case.TRUTH
    model, batch = case.build_model(), case.make_batch()
    if fix == "code":
        return run(case, model, batch, case.fixed_code())
    if fix in ("fp32", "fp64"):
        dtype = {"fp32": torch.float32, "fp64": torch.float64}[fix]
        return run(case, model.to(dtype), as_dtype(batch, dtype))
    if fix == "no_autocast":
        with without_autocast():
            return run(case, model, batch)
    if fix == "drop_samples":
        return run(case, model, rows(batch, others(batch, truth["samples"])))
    if fix == "clean_batch":
        return run(case, model, tree_map(lambda x: x.nan_to_num(0, 0, 0), batch))
    if fix == "scale_input":
        return run(case, model, standardised(batch, truth["batch_key"]))
    if fix in ("reset_param", "reset_buffer"):
        repair(model, truth["bad"])
        return run(case, model, batch)
    assert fix == "reset_optimizer"
    return run(case, model, batch, keep_optimizer_state=False)


def others(batch: Any, samples: list[int]) -> list[int]:
    """Return the rows that are not among ``samples``."""
    return [row for row in range(size(batch)) if row not in samples]


class Watch(TorchDispatchMode):
    """Notes ops that turn finite inputs into a non-finite output, and the lines they stand on."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)
        self.seen: list[tuple[str, int, bool]] = []
        self.forward: set[tuple[str, int]] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the op and look at what went in and came out."""
        was_finite = is_finite((args, kwargs))
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        # An op of the backward has no frame of its own; a statement may span lines.
        for frame in traceback.extract_stack():
            if frame.filename == self.path:
                lines = range(frame.lineno or 0, (frame.end_lineno or frame.lineno or 0) + 1)
                self.forward |= {(name, line) for line in lines}
                if not is_finite(out):
                    self.seen += [(name, line, was_finite) for line in lines]
        return out


def marked_line(path: Path, marker: str) -> int:
    """Return the number of the one line that ends with the marker."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if line.endswith(marker)]
    return found


def test_every_replay_cause_has_a_case_and_traps_are_there() -> None:
    """One case a cause at least, and ten look-alikes that are healthy."""
    assert {CASES[name].TRUTH["cause"] for name in BAD} == REPLAY_CAUSES
    assert len(CASES) - len(BAD) >= 10
    assert all(name.startswith("trap_") == (name not in BAD) for name in CASES)


@pytest.mark.parametrize("name", CASES)
def test_plain_run_is_bad_where_the_truth_says_so(name: str) -> None:
    """Loss, gradients and step are finite as the phase says; a second run says the same."""
    case = CASES[name]
    results = [run(case, case.build_model(), case.make_batch()) for _ in range(2)]
    phase = case.TRUTH["phase"]
    assert results[0] == results[1]
    if phase == "none":
        assert all(results[0].values())
    elif phase in ("backward", "optimizer"):
        assert results[0]["loss"]
        assert results[0]["gradients"] == (phase == "optimizer")
        assert not (results[0]["gradients"] and results[0]["after"])
    else:
        assert not results[0]["loss"]


@pytest.mark.parametrize(("name", "fix"), FIXES)
def test_each_fix_makes_everything_finite(name: str, fix: str) -> None:
    """The one change is enough."""
    assert all(with_fix(name, fix).values())


@pytest.mark.parametrize("name", [n for n in BAD if CASES[n].TRUTH["samples"]])
def test_each_named_sample_alone_brings_the_failure_back(name: str) -> None:
    """Every named sample fails by itself among the good ones, and no good one does."""
    case = CASES[name]
    samples = case.TRUTH["samples"]
    good = others(case.make_batch(), samples)
    for sample in samples:
        batch = rows(case.make_batch(), [*good, sample])
        assert not all(run(case, case.build_model(), batch).values())


@pytest.mark.parametrize("name", BAD)
def test_bad_tensor_is_the_only_one_that_is_not_finite(name: str) -> None:
    """Parameters, buffers and batch are finite but for the tensor that the truth names."""
    case = CASES[name]
    truth = case.TRUTH
    named = {**case.build_model().state_dict(), **case.make_batch()}
    found = [key for key, value in named.items() if not is_finite(value)]
    if truth["phase"] in ("parameters", "batch"):
        assert found == [truth["bad"]]
    else:
        # A legitimate -inf or inf of a mask or a cost may come with the batch.
        assert all(key in ("transition", "cost") for key in found)


@pytest.mark.parametrize("name", PLACED)
def test_marked_line_runs_the_op_that_fails(name: str) -> None:
    """On the marked line stands the op: it fails there, or (backward) it is what is undone."""
    case, path = CASES[name], HERE / f"{name}.py"
    truth = case.TRUTH
    line = marked_line(path, truth["marker"])
    with Watch(path) as watch:
        loss = case.compute_loss(case.build_model(), case.make_batch())
    del loss
    if truth["phase"] == "backward":
        ran = {op for op, number in watch.forward if number == line}
        assert ran & set(truth["op"]) or (ran and truth["cause"] == "custom_backward")
        # Not selected, or an infinity that ends in a finite value: 1 / (1 + inf).
        is_infinite = truth["cause"] in ("where_trap", "exp_overflow")
        assert is_infinite == any(number == line for _, number, _ in watch.seen)
        return
    failed = [(op, was_finite) for op, number, was_finite in watch.seen if number == line]
    assert {op for op, _ in failed} & set(truth["op"])
    if truth["phase"] == "forward" and truth["cause"] not in LEGITIMATE_INFINITY:
        assert (failed[0][0] in truth["op"]) and failed[0][1]


@pytest.mark.parametrize("name", PLACED)
def test_module_of_the_origin_exists(name: str) -> None:
    """The dotted path leads to a module."""
    case = CASES[name]
    assert case.build_model().get_submodule(case.TRUTH["module"]) is not None
