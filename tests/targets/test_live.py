"""Live objects, Lightning modules and devices as targets."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nandoctor.errors import ReplayError
from nandoctor.step import run_step
from nandoctor.targets import build_target, devices, target_of
from nandoctor.targets.devices import choose_device


class Lightning(nn.Module):
    """Trains itself the way a LightningModule does."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 1)

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, torch.Tensor]:
        """Return the loss in a dictionary."""
        return {"loss": self.net(batch[0]).square().mean() + batch_idx}

    def configure_optimizers(self) -> Any:
        """Return one of the many shapes that Lightning takes."""
        return [torch.optim.SGD(self.parameters(), lr=0.1)], []


class Output(dict[str, Any]):
    """A mapping with a loss, like a ModelOutput."""


class Classifier(nn.Module):
    """Takes keywords and returns a mapping with the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> Output:
        """Return logits and loss."""
        logits = self.fc(x)
        return Output(logits=logits, loss=nn.functional.cross_entropy(logits, labels))


def test_target_of_default_loss_passes_a_mapping_as_keywords() -> None:
    """Without compute_loss the output's own loss is taken."""
    model, batch = Classifier(), {"x": torch.ones(2, 3), "labels": torch.tensor([0, 1])}
    expected = float(model(**batch)["loss"].detach())
    assert run_step(target_of(model, batch)).loss == pytest.approx(expected)


def test_target_of_leaves_live_objects_where_and_as_they_are() -> None:
    """The very same model and batch are run; nothing is copied without a device."""
    model, batch = nn.Linear(3, 1), torch.ones(2, 3)
    target = target_of(nn.DataParallel(model), batch, lambda m, b: m(b).mean())
    assert target.model is model
    assert target.batch is batch


def test_target_of_runs_under_the_autocast_that_the_caller_stands_in() -> None:
    """A notebook cell inside torch.autocast replays under it."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        target = target_of(nn.Linear(3, 1), torch.ones(2, 3), lambda m, b: m(b).float().mean())
    assert target.precision.autocast_dtype == "bfloat16"


def test_target_of_lightning_module_runs_its_training_step() -> None:
    """training_step(batch, 0) is the loss."""
    target = target_of(Lightning(), (torch.ones(2, 3),))
    assert run_step(target).is_finite


def test_build_target_lightning_module_brings_loss_and_optimizer(tmp_path: Any) -> None:
    """A file whose build_model returns one needs neither compute_loss nor build_optimizer."""
    file = tmp_path / "replay.py"
    file.write_text(
        "from tests.targets.test_live import Lightning\ndef build_model(): return Lightning()\n"
    )
    target, _ = build_target(model=str(file), batch=[torch.ones(2, 3)], device="cpu")
    assert isinstance(target.optimizer, torch.optim.SGD)
    assert run_step(target).is_finite


def test_target_of_wrong_arity_is_found_before_anything_runs() -> None:
    """compute_loss(model) is refused with the signature that it needs."""
    with pytest.raises(ReplayError, match="cannot be called with") as caught:
        target_of(nn.Linear(3, 1), None, lambda model: model)  # type: ignore[misc, arg-type]
    assert "def compute_loss(model, batch)" in caught.value.hint


def test_target_of_no_module_is_an_error() -> None:
    """A function is no model."""
    with pytest.raises(ReplayError, match="the model is a function"):
        target_of(run_step, None)  # type: ignore[arg-type]


def test_run_step_error_that_a_nan_may_cause_is_not_taken_for_a_misfit() -> None:
    """A model that raises because of the NaN is for the tracer to judge."""

    def loss(model: nn.Module, batch: torch.Tensor) -> torch.Tensor:
        raise ValueError("loss is nan")

    with pytest.raises(ValueError, match="loss is nan"):
        run_step(target_of(nn.Linear(3, 1), torch.ones(2, 3), loss))


def test_choose_device_falls_back_to_the_cpu_when_memory_is_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model that does not fit on the GPU runs on the CPU, and the report says so."""
    free = {"cuda": 1000, "cpu": 10**12}
    monkeypatch.setattr(devices, "free_memory", lambda device: free[device.type])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    device, skipped = choose_device("auto", 10**6)
    assert device.type == "cpu"
    assert "needs about 5 MB, cuda has 1000 B free" in skipped[0].reason


def test_choose_device_that_fits_nowhere_is_an_error_before_loading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The estimate stands in the message."""
    monkeypatch.setattr(devices, "free_memory", lambda device: 4 * 10**6)
    assert choose_device("cpu", 10**6)[0].type == "cpu"  # tight, but tried
    monkeypatch.setattr(devices, "free_memory", lambda device: 1000)
    with pytest.raises(ReplayError, match="does not fit into memory"):
        choose_device("cpu", 10**6)


@pytest.mark.parametrize("name", ["tpu9", "cuda:"])
def test_choose_device_unknown_is_an_error(name: str) -> None:
    """The devices that exist stand in the hint."""
    with pytest.raises(ReplayError, match="unknown device"):
        choose_device(name, 0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_choose_device_absent_gpu_is_an_error() -> None:
    """Asking for a GPU that is not there is no silent CPU run."""
    with pytest.raises(ReplayError, match="no cuda device"):
        choose_device("cuda", 0)


def test_target_of_lazy_model_that_never_ran_is_refused() -> None:
    """Parameters without values cannot be replayed; the report says what to do."""
    model = torch.nn.Sequential(torch.nn.LazyLinear(2))
    with pytest.raises(ReplayError, match=r"0\.weight has no values yet"):
        target_of(model, torch.ones(2, 3), lambda m, b: m(b).sum())
