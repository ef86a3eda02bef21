"""Directories that accelerate's ``save_state`` writes."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import has_any, new_contents, read_file, read_model


def _sniff(path: Path, head: bytes) -> bool:
    return has_any(path, "random_states_*.pkl") or (
        has_any(path, "optimizer.bin") and has_any(path, "model.safetensors", "pytorch_model*.bin")
    )


def _open(path: Path) -> Contents:
    contents = new_contents()
    tree = contents.tree
    for number, file in enumerate(sorted(path.glob("custom_checkpoint_*.pkl"))):
        tree[f"custom_{number}"] = read_file(file, contents)
    tree["model"] = read_model(path, contents)
    for part, pattern in {
        "optimizer": "optimizer*.bin",
        "scheduler": "scheduler*.bin",
        "scaler": "scaler.pt",
        "rng_state": "random_states_*.pkl",
        "sampler": "sampler*.bin",
        "dataloader": "dl_state_dict*.bin",
    }.items():
        files = sorted(path.glob(pattern))
        if files:
            trees = [read_file(file, contents) for file in files]
            tree[part] = trees[0] if len(trees) == 1 else trees
    return contents


FORMAT = CheckpointFormat("accelerate", _sniff, _open)
