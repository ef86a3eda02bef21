"""State and batches as torch objects: equal to what torch.load gives, without running anything."""

from __future__ import annotations

import collections
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from checkpoints.samples import WRITERS, Net, rng_states, training, tree
from nandoctor.checkpoints import load_batch, load_state
from nandoctor.errors import UnreadableInputError


def same(left: Any, right: Any) -> bool:
    """Whether two trees are equal bit for bit (NaN equals NaN)."""
    if isinstance(right, torch.Tensor):
        bits = left.dtype == right.dtype and left.shape == right.shape
        return bits and torch.equal(left.nan_to_num(7.0), right.nan_to_num(7.0))
    if isinstance(right, dict):
        return set(left) == set(right) and all(same(left[k], right[k]) for k in right)
    if isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right or (left != left and right != right))


@pytest.mark.parametrize("is_zip", [True, False])
def test_load_state_equals_torch_load(tmp_path: Path, is_zip: bool) -> None:
    """Model and optimizer load as torch gives them, and an optimizer takes them."""
    run = training()
    torch.save(tree(run), tmp_path / "c.pt", _use_new_zipfile_serialization=is_zip)
    state = load_state(tmp_path / "c.pt")
    assert same(state.model, run["net"].state_dict())
    assert same(state.optimizer, run["optimizer"].state_dict())
    net = Net()
    net.load_state_dict(state.model)
    torch.optim.AdamW(net.parameters()).load_state_dict(state.optimizer)
    assert state.scheduler is None and state.scaler is None and state.gradients == {}


@pytest.mark.parametrize("name", ["hf_trainer", "accelerate", "lightning", "dcp", "deepspeed"])
def test_load_state_of_directories_fits_model_and_optimizer(tmp_path: Path, name: str) -> None:
    """The state of every framework loads into a plain model and optimizer."""
    state = load_state(WRITERS[name](tmp_path))
    net = Net()
    net.load_state_dict(state.model)
    assert torch.isnan(net.head.weight).sum() == 1
    assert state.optimizer is not None and len(state.optimizer["state"]) == 6
    if name != "hf_trainer":
        torch.optim.AdamW(net.parameters()).load_state_dict(state.optimizer)


def test_load_state_random_states_can_be_set(tmp_path: Path) -> None:
    """The states of all generators come back as their setters take them."""
    import random

    content = {"model": Net().state_dict(), "rng_state": rng_states()}
    torch.save(content, tmp_path / "c.pt")
    wanted = (torch.rand(1).item(), np.random.rand(), random.random())
    rng = load_state(tmp_path / "c.pt").rng
    torch.set_rng_state(rng["torch"])
    np.random.set_state(rng["numpy"])
    random.setstate(rng["python"])
    assert (torch.rand(1).item(), np.random.rand(), random.random()) == wanted


def test_load_state_strips_wrappers_and_reads_gradients(tmp_path: Path) -> None:
    """Names fit the plain model; gradients go by the same names."""
    net = Net()
    content = {
        "model": {f"module.{k}": v for k, v in net.state_dict().items()},
        "gradients": {f"module.{k}": v for k, v in net.state_dict().items()},
    }
    torch.save(content, tmp_path / "c.pt")
    state = load_state(tmp_path / "c.pt")
    assert same(state.model, net.state_dict()) and same(state.gradients, net.state_dict())


def test_load_state_truncated_file_names_the_tensor(tmp_path: Path) -> None:
    """A replay never starts from a model with holes."""
    torch.save(tree(), tmp_path / "c.pt")
    raw = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "c.pt").write_bytes(raw[: len(raw) // 3])
    with pytest.raises(UnreadableInputError, match=r"c\.pt.*(truncated|not in the file)"):
        load_state(tmp_path / "c.pt")


@dataclasses.dataclass
class Batch:
    """A user's own batch class."""

    x: torch.Tensor
    size: int = 2


class Encoding(collections.UserDict[str, Any]):
    """As transformers.BatchEncoding keeps its tensors."""


class Output(collections.OrderedDict[str, Any]):
    """As transformers.ModelOutput: an ordered dict with attributes."""


class Pair(tuple[Any, ...]):
    """A tuple of its own class."""


@pytest.mark.parametrize(
    "batch",
    [
        torch.randn(3, 2), {"x": torch.randn(2), "ids": torch.arange(4)}, (torch.ones(2), None),
        [torch.zeros(1), {"deep": (torch.ones(1), "text", 1.5)}],
        {"strided": torch.randn(4, 6)[:, ::2], "empty": torch.empty(0, 2), "b": torch.tensor(True)},
        {"half": torch.randn(3).half(), "bf16": torch.randn(3).bfloat16()},
    ],
)  # fmt: skip
def test_load_batch_equals_what_was_saved(tmp_path: Path, batch: Any) -> None:
    """Nested containers come back with equal tensors."""
    torch.save(batch, tmp_path / "b.pt")
    assert same(load_batch(tmp_path / "b.pt"), batch)


def test_load_batch_foreign_containers_become_plain(tmp_path: Path) -> None:
    """Dataclasses, UserDicts and dict subclasses become dicts; nothing is imported for it."""
    x = torch.ones(2)
    cases = [(Batch(x), {"x": x, "size": 2}), (Encoding(ids=x), {"ids": x})]
    cases += [(Output(logits=x), {"logits": x})]
    for given, wanted in cases:
        torch.save(given, tmp_path / "b.pt")
        loaded = load_batch(tmp_path / "b.pt")
        assert type(loaded) is dict and same(loaded, wanted)


def test_load_batch_reads_every_container(tmp_path: Path) -> None:
    """Safetensors, NumPy and JSON files give tensors by name."""
    x = torch.tensor([[1.0, 2.0]])
    save_file({"x": x}, tmp_path / "b.safetensors")
    np.savez(tmp_path / "b.npz", x=x.numpy())
    (tmp_path / "b.json").write_text(json.dumps({"x": [[1.0, 2.0]]}))
    for name in ("b.safetensors", "b.npz", "b.json"):
        assert same(load_batch(tmp_path / name), {"x": x}), name
    np.save(tmp_path / "b.npy", x.numpy())
    assert same(load_batch(tmp_path / "b.npy"), x)


def test_load_batch_json_keeps_text_and_ragged_lists(tmp_path: Path) -> None:
    """Only rectangular numbers become tensors."""
    (tmp_path / "b.json").write_text('{"text": ["a", "b"], "ragged": [[1], [1, 2]], "n": 3}')
    loaded = load_batch(tmp_path / "b.json")
    assert loaded["text"] == ["a", "b"] and loaded["n"] == 3
    assert [row.tolist() for row in loaded["ragged"]] == [[1], [1, 2]]


def test_load_batch_damaged_file_is_refused(tmp_path: Path) -> None:
    """Half a batch is no batch."""
    torch.save({"x": torch.randn(1000)}, tmp_path / "b.pt")
    raw = (tmp_path / "b.pt").read_bytes()
    (tmp_path / "b.pt").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(UnreadableInputError, match=r"b\.pt"):
        load_batch(tmp_path / "b.pt")
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(UnreadableInputError, match="JSON"):
        load_batch(tmp_path / "b.json")
