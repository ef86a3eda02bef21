"""Checkpoint directories of Hugging Face's Trainer."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import new_contents, read_file, read_json, read_model

_PARTS = {"optimizer": "optimizer.pt", "scheduler": "scheduler.pt", "scaler": "scaler.pt"}


def _sniff(path: Path, head: bytes) -> bool:
    return path.is_dir() and (path / "trainer_state.json").is_file()


def _open(path: Path) -> Contents:
    contents = new_contents()
    tree = contents.tree
    tree["model"] = read_model(path, contents)
    for part, name in _PARTS.items():
        if (path / name).is_file():
            tree[part] = read_file(path / name, contents)
    states = sorted(path.glob("rng_state*.pth"))
    for state in states:
        tree["rng_state" if len(states) == 1 else state.stem] = read_file(state, contents)
    arguments = path / "training_args.bin"
    if arguments.is_file():
        tree["training_args"] = read_file(arguments, contents)
    state = read_json(path / "trainer_state.json", contents)
    if isinstance(state, dict):
        tree.update({key: value for key, value in state.items() if key not in tree})
        tree["data_position"] = state.get("global_step")
    config = path / "config.json"
    if config.is_file():
        tree["model_config"] = read_json(config, contents)
    return contents


FORMAT = CheckpointFormat("hf_trainer", _sniff, _open)
