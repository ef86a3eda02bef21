"""Model directories without training state: save_pretrained, single or sharded, and their index."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import (
    has_any,
    new_contents,
    read_json,
    read_model,
    read_shards,
)
from nandoctor.errors import UnreadableInputError

_FILES = ("*.safetensors.index.json", "*.bin.index.json", "model.safetensors",
          "pytorch_model.bin", "diffusion_pytorch_model.*", "*-of-*.safetensors")  # fmt: skip


def _sniff(path: Path, head: bytes) -> bool:
    if path.is_dir():
        return has_any(path, *_FILES)
    return head.lstrip()[:1] == b"{" and path.name.endswith(".index.json") and _has_map(path)


def _has_map(path: Path) -> bool:
    with path.open("rb") as file:
        return b'"weight_map"' in file.read(1 << 20)


def _open(path: Path) -> Contents:
    contents = new_contents()
    if path.is_file():
        contents.tree["model"] = read_shards(path, contents)
        return contents
    contents.tree["model"] = read_model(path, contents)
    if (path / "config.json").is_file():
        contents.tree["model_config"] = read_json(path / "config.json", contents)
    if not contents.tree["model"]:
        raise UnreadableInputError(
            f"{path}: none of its model files can be read", hint="see that the download is whole"
        )
    return contents


FORMAT = CheckpointFormat("safetensors_sharded", _sniff, _open)
