"""What holds for every intervention of the registry, a new one included."""

from __future__ import annotations

import copy
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from bit_identity import assert_same

import nandoctor.interventions as room
from nandoctor.batches import named_tensors
from nandoctor.interventions import INTERVENTIONS, run_trials
from nandoctor.snapshot import capture_rng
from nandoctor.step import run_step
from nandoctor.target import ReplayTarget
from tests.interventions.faults import Fault, all_faults, healthy

NAMES = [intervention.name for intervention in INTERVENTIONS]
FAULTS = {fault.name: fault for fault in all_faults()}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    HEALTHY = {name: well for name, fault in FAULTS.items() if (well := healthy(fault))}
WITHOUT_A_CASE = {"no_compile", "other_device"}
"""A compiler and a second device are not there on every machine; they have tests of their own."""


def fingerprint(target: ReplayTarget) -> dict[str, Any]:
    """Copy all that an intervention may touch."""
    model, optimizer = target.model, target.optimizer
    return {
        "tensors": {n: t.detach().clone() for n, t in model.state_dict(keep_vars=True).items()},
        "identities": [id(t) for t in (*model.parameters(), *model.buffers())],
        "dtypes": [t.dtype for t in (*model.parameters(), *model.buffers())],
        "gradients": [p.grad for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
        "attributes": [sorted(m.__dict__) for m in model.modules()],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        "batch": {n: t.clone() for n, t in named_tensors(target.batch)},
        "optimizer": copy.deepcopy(optimizer.state_dict()) if optimizer else None,
        "rng": capture_rng()["torch"],
        "autocast": (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        "default": torch.get_default_dtype(),
        "mode": torch._C._len_torch_function_stack(),
        "enter": torch.autocast.__enter__,
    }


def test_registry_files_and_tuple_agree() -> None:
    """Each file that ends in INTERVENTION stands in the tuple once, under its file's name."""
    folder = Path(room.__file__).parent
    files = [
        p.stem for p in folder.glob("*.py") if re.search(r"^INTERVENTION = ", p.read_text(), re.M)
    ]
    assert sorted(files) == sorted(NAMES)
    assert all(intervention.title for intervention in INTERVENTIONS)


def test_every_intervention_has_a_case() -> None:
    """No intervention is left without a fault that it is tried on."""
    tried = {name for fault in FAULTS.values() for name in (*fault.cures, *fault.others)}
    assert set(NAMES) - tried <= WITHOUT_A_CASE


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_trials_on_a_fault_find_its_cures_and_undo_themselves(fault: Fault) -> None:
    """The cures are found fixed, and not a bit of the target differs afterwards."""
    if fault.cures:
        assert not run_step(fault.target).is_finite
    before = fingerprint(fault.target)
    trials = run_trials(fault.target, fault.facts, only=NAMES, budget_seconds=600)
    assert_same(before, fingerprint(fault.target))
    fixed = {trial.intervention for trial in trials if trial.outcome == "fixed"}
    assert set(fault.cures) <= fixed
    ran = {t.intervention for t in trials if t.outcome in ("fixed", "not_fixed", "failed")}
    assert set(fault.others) - WITHOUT_A_CASE <= ran


@pytest.mark.parametrize("well", HEALTHY.values(), ids=HEALTHY)
def test_interventions_on_a_healthy_step_leave_it_healthy(well: Fault) -> None:
    """The same changes to a step without the fault break nothing."""
    for trial in run_trials(well.target, well.facts, only=NAMES, budget_seconds=600):
        assert trial.outcome in ("fixed", "not_applicable"), trial


def test_docs_replay_page_lists_every_intervention() -> None:
    """The table of docs/replay.md has one row for each, in the order of the registry."""
    page = (Path(room.__file__).parents[2] / "docs" / "replay.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", page, re.M) == NAMES
