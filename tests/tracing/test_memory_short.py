"""A step that does not fit into its device: one error, and the CPU instead where it can."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import nandoctor
from nandoctor.errors import DeviceMemoryError
from nandoctor.pipeline.replaying import observed
from nandoctor.pipeline.settings import Settings, Stopwatch
from nandoctor.step import is_out_of_memory, run_step
from nandoctor.target import ReplayTarget
from nandoctor.targets import moved_to_cpu
from nandoctor.targets.moving import copied_to
from nandoctor.tracing import observation, observe

MESSAGES = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    MemoryError(),
)


def failing(error: Exception, times: int = 10**6) -> ReplayTarget:
    """Return a step that takes log(0), and whose first runs find no memory."""
    left = [times]

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        left[0] -= 1
        if left[0] >= 0:
            raise error
        return (model(x) * 0).sum().log()

    torch.manual_seed(0)
    return ReplayTarget(nn.Linear(3, 1), torch.randn(4, 3), loss)


@pytest.mark.parametrize("error", MESSAGES, ids=lambda e: str(e)[:24])
def test_allocation_that_fails_is_told_by_every_backends_words(error):
    """It is no failure of the step: nothing is traced, the error says memory."""
    assert is_out_of_memory(error)
    with pytest.raises(DeviceMemoryError, match="out of memory on cpu") as caught:
        observe(failing(error))
    assert "fewer samples" in caught.value.hint


def test_error_that_only_mentions_memory_is_the_steps_own():
    """A shape error or a message about memory formats is not out of memory."""
    assert not is_out_of_memory(RuntimeError("unsupported memory format option Preserve"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_memory_that_runs_out_while_tracing_is_no_outcome_of_the_step(monkeypatch):
    """The trace needs more than the plain run: its failure to allocate is an error as well."""
    target = failing(MESSAGES[0], times=0)
    gate = observation.plain_run

    def plain(*args: object) -> object:
        found = gate(*args)
        monkeypatch.setattr(torch.nn.functional, "linear", _no_memory)
        return found

    monkeypatch.setattr(observation, "plain_run", plain)
    with pytest.raises(DeviceMemoryError):
        observe(target)


def _no_memory(*args: object) -> None:
    raise MESSAGES[0]


def test_step_without_room_on_its_device_is_replayed_on_the_cpu(monkeypatch):
    """Facts and trials are those of the CPU, and a note says so."""
    target = failing(MESSAGES[0], times=1)
    monkeypatch.setattr("nandoctor.step.device_of", lambda _: torch.device("cuda"))
    facts, trials = observed(target, Settings(), Stopwatch(), None)
    assert facts.origin is not None
    assert facts.origin.op == "log"
    assert any(trial.outcome == "fixed" for trial in trials)
    assert "run on the CPU" in facts.notes[-1]


def test_replay_of_a_live_model_without_room_reports_from_the_cpu(monkeypatch):
    """The public function takes the same way out."""
    monkeypatch.setattr("nandoctor.step.device_of", lambda _: torch.device("cuda"))
    target = failing(MESSAGES[0], times=1)
    report = nandoctor.replay(target.model, target.batch, target.compute_loss).to_dict()
    assert report["origin"]["op"] == "log"


def test_step_that_fits_nowhere_is_one_error(monkeypatch):
    """The host's memory is asked before anything is copied."""
    monkeypatch.setattr("nandoctor.targets.moving.free_memory", lambda _: 10)
    with pytest.raises(DeviceMemoryError, match="10 B free") as caught:
        moved_to_cpu(failing(MESSAGES[0]))
    assert caught.value.hint


def test_copy_for_another_device_keeps_model_and_optimizer_together():
    """Tied weights stay tied, the optimizer moves the copy, plain attributes go along."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm1d(3))
    model[1].weight = model[0].weight
    model[0].table = torch.ones(2)
    optimizer = torch.optim.AdamW(model.parameters(), capturable=False)
    model(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    for group in optimizer.param_groups:
        group["fused"] = group["capturable"] = True
    before = [p.detach().clone() for p in model.parameters()]
    copied, moved = copied_to(torch.device("cpu"), model, optimizer)
    assert copied[0].weight is copied[1].weight
    assert copied[0].table is not model[0].table
    assert moved is not None
    assert moved.param_groups[0]["params"][0] is copied[0].weight
    assert not moved.param_groups[0]["capturable"]
    assert optimizer.param_groups[0]["capturable"]
    target = ReplayTarget(copied, torch.randn(5, 3), lambda m, b: m(b).square().sum(), moved)
    assert run_step(target).is_finite
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
