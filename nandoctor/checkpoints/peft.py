"""Adapter directories of PEFT."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import has_any, new_contents, read_json, read_model


def _sniff(path: Path, head: bytes) -> bool:
    return has_any(path, "adapter_config.json") and has_any(path, "adapter_model.*")


def _open(path: Path) -> Contents:
    contents = new_contents()
    contents.tree["model"] = read_model(path, contents)
    contents.tree["config"] = read_json(path / "adapter_config.json", contents)
    return contents


FORMAT = CheckpointFormat("peft", _sniff, _open)
