"""Broken files: what can be read is read, what cannot is listed with the reason."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file

from checkpoints.samples import NAMES, WRITERS, tree
from nandoctor.checkpoints import open_checkpoint, scan
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import CheckpointFacts


def _reasons(facts: CheckpointFacts) -> str:
    return " | ".join(f"{d.where}: {d.reason}" for d in facts.damage)


def _saved(path: Path) -> bytes:
    torch.save(tree(), path)
    return path.read_bytes()


def test_scan_lost_directory_salvages_every_entry(tmp_path: Path) -> None:
    """Without the zip directory at its end, all whole entries are still read."""
    path = tmp_path / "c.pt"
    raw = bytearray(_saved(path))
    whole = scan(open_checkpoint(path))
    at = raw.rindex(b"PK\x05\x06")
    path.write_bytes(bytes(raw[: at - 200]))
    facts = scan(open_checkpoint(path))
    assert facts.tensors == whole.tensors and facts.training.step == whole.training.step
    assert "truncated or corrupt" in _reasons(facts)


def test_scan_cut_file_reads_the_first_tensors(tmp_path: Path) -> None:
    """A half-written file gives its first tensors and says how much of the next is there."""
    path = tmp_path / "c.pt"
    raw = _saved(path)
    path.write_bytes(raw[: raw.index(b"PK\x07\x08", raw.index(b"data/1")) - 9])
    facts = scan(open_checkpoint(path))
    assert [t.name for t in facts.tensors] == ["encoder.0.weight"]
    assert "encoder.0.bias: truncated: 31 of 40 bytes are in the file" in _reasons(facts)
    assert "encoder.2.weight: its storage data/2 is not in the file" in _reasons(facts)


def test_scan_bit_rot_is_found_by_checksum(tmp_path: Path) -> None:
    """Bytes that changed after they were written are reported with the tensor in them."""
    path = tmp_path / "c.pt"
    raw = bytearray(_saved(path))
    raw[raw.index(b"data/0") + 90] ^= 4
    path.write_bytes(bytes(raw))
    assert "checksum mismatch" in _reasons(scan(open_checkpoint(path)))
    assert "encoder.0.weight" in _reasons(scan(open_checkpoint(path), exact=True))


def test_scan_cut_legacy_file_reads_the_first_storages(tmp_path: Path) -> None:
    """Storages behind the cut of an old file are listed as missing."""
    path = tmp_path / "c.pt"
    torch.save(tree(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-300])
    facts = scan(open_checkpoint(path))
    assert facts.tensors and facts.damage and facts.training.step == 7


def test_scan_cut_pickle_keeps_what_was_read(tmp_path: Path) -> None:
    """A pickle that ends in the middle still gives the entries before the cut."""
    path = tmp_path / "c.pkl"
    whole = WRITERS["pickle"](tmp_path).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    facts = scan(open_checkpoint(path))
    assert facts.training.step == 7 and facts.tensors
    assert "cut or broken" in _reasons(facts)


def test_scan_safetensors_with_wrong_sizes_lists_the_tensor(tmp_path: Path) -> None:
    """A tensor whose bytes do not fit its shape, or are cut off, is listed; others are read."""
    path = tmp_path / "c.safetensors"
    raw = save({"a": torch.ones(4), "b": torch.ones(8)})
    path.write_bytes(raw[:-8])
    facts = scan(open_checkpoint(path))
    assert [t.name for t in facts.tensors] == ["a"]
    assert "b: truncated: 24 of 32 bytes" in _reasons(facts)
    path.write_bytes(raw.replace(b"[8]", b"[9]"))
    assert "b: wrong size" in _reasons(scan(open_checkpoint(path)))


def test_scan_missing_shard_lists_its_tensors(tmp_path: Path) -> None:
    """The tensors of a shard that is not there are named, the others read."""
    WRITERS["safetensors_sharded"](tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    facts = scan(open_checkpoint(tmp_path))
    assert {t.name for t in facts.tensors} == set(NAMES[::2])
    assert "head.bias: its shard model-00002-of-00002.safetensors is missing" in _reasons(facts)


def test_scan_missing_dcp_file_lists_its_tensors(tmp_path: Path) -> None:
    """A distributed checkpoint without one of its files says which tensors are lost."""
    folder = WRITERS["dcp"](tmp_path)
    next(folder.glob("*.distcp")).unlink()
    facts = scan(open_checkpoint(folder))
    assert "head.weight: its shard at [0, 0] is missing" in _reasons(facts)


def test_scan_shards_of_different_steps_are_reported(tmp_path: Path) -> None:
    """Ranks that were saved at different steps do not make one checkpoint."""
    folder = WRITERS["megatron"](tmp_path) / "iter_0000007"
    (folder / "mp_rank_01").mkdir()
    torch.save({"iteration": 6, "model": {}}, folder / "mp_rank_01" / "model_optim_rng.pt")
    facts = scan(open_checkpoint(folder))
    assert "the files are of different steps: mp_rank_00 at 7, mp_rank_01 at 6" in _reasons(facts)


def test_scan_missing_zero_rank_is_reported(tmp_path: Path) -> None:
    """An optimizer shard that is not there is counted."""
    folder = WRITERS["deepspeed"](tmp_path) / "global_step7"
    next(folder.glob("*rank_1_mp*")).unlink()
    assert "missing shard: 1 of 2 ranks" in _reasons(scan(open_checkpoint(folder)))


def test_scan_broken_part_of_a_directory_leaves_the_rest(tmp_path: Path) -> None:
    """An empty optimizer file costs the optimizer only."""
    WRITERS["hf_trainer"](tmp_path)
    (tmp_path / "optimizer.pt").write_bytes(b"")
    facts = scan(open_checkpoint(tmp_path))
    assert facts.training.step == 7 and len(facts.tensors) == 8
    assert "optimizer.pt: cannot be read: empty (0 bytes)" in _reasons(facts)


def test_open_unfinished_dcp_is_refused(tmp_path: Path) -> None:
    """Without its metadata a distributed checkpoint cannot be read."""
    folder = WRITERS["dcp"](tmp_path)
    metadata = folder / ".metadata"
    metadata.write_bytes(metadata.read_bytes()[:40])
    with pytest.raises(UnreadableInputError, match="truncated or not written"):
        open_checkpoint(folder)


def test_shards_that_both_hold_a_tensor_give_the_listed_one(tmp_path: Path) -> None:
    """A stale shard beside the right one does not replace what the index says."""
    weights = {"a.weight": torch.ones(2)}
    save_file(weights, tmp_path / "m-1.safetensors")
    save_file({"a.weight": torch.full((2,), float("nan"))}, tmp_path / "m-2.safetensors")
    index = {"weight_map": {"a.weight": "m-1.safetensors", "b.weight": "m-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    facts = scan(open_checkpoint(tmp_path))
    assert [(t.name, t.num_nan) for t in facts.tensors if not t.name.startswith("b")] == [
        ("a.weight", 0)
    ]
    assert [d.where for d in facts.damage] == ["b.weight"]


def test_shards_outside_of_the_directory_are_not_opened(tmp_path: Path) -> None:
    """An index that names a file elsewhere does not make that file be read."""
    (tmp_path / "d").mkdir()
    save_file({"a.weight": torch.ones(2)}, tmp_path / "m.safetensors")
    index = {"weight_map": {"a.weight": "../m.safetensors"}}
    (tmp_path / "d" / "model.safetensors.index.json").write_text(json.dumps(index))
    facts = scan(open_checkpoint(tmp_path / "d"))
    assert "outside of the directory" in facts.damage[0].reason
    assert all(t.numel == 1 and t.l2 is None for t in facts.tensors)


@pytest.mark.parametrize(("depth", "is_read"), [(100, True), (900, False)])
def test_deep_nest_is_read_or_said_to_be_cut(tmp_path: Path, depth: int, is_read: bool) -> None:
    """No tensor is passed over in silence."""
    tree: Any = {"w": torch.full((1,), float("nan"))}
    for _ in range(depth):
        tree = [tree]
    (tmp_path / "c.pkl").write_bytes(_nested(tree))
    facts = scan(open_checkpoint(tmp_path / "c.pkl"))
    assert bool(facts.tensors) is is_read
    assert any("nested too deeply" in d.reason for d in facts.damage) is not is_read


def _nested(tree: Any) -> bytes:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return pickle.dumps(tree)
    finally:
        sys.setrecursionlimit(limit)
