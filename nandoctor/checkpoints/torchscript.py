"""TorchScript archives: their module's tensors; the code in them is not looked at."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.archive import has_entries
from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.torch_zip import open_archive


def _sniff(path: Path, head: bytes) -> bool:
    return has_entries(path, head, "data.pkl", "constants.pkl")


def _open(path: Path) -> Contents:
    contents = open_archive(path)
    contents.tree = {"model": contents.tree}
    contents.classes = tuple(c for c in contents.classes if not c.startswith("__torch__."))
    return contents


FORMAT = CheckpointFormat("torchscript", _sniff, _open)
