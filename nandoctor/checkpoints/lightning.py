"""Lightning's .ckpt files: torch archives with a layout of their own."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.archive import find_entry, has_entries, read_entries, read_small
from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.torch_zip import open_archive
from nandoctor.errors import UnreadableInputError

_MARK = b"pytorch-lightning_version"


def _sniff(path: Path, head: bytes) -> bool:
    if not has_entries(path, head, "data.pkl"):
        return False
    try:
        pickled = find_entry(read_entries(path, []), "data.pkl")
    except UnreadableInputError:
        return False
    return _MARK in read_small(pickled, 1 << 20)


def _open(path: Path) -> Contents:
    contents = open_archive(path)
    tree = contents.tree
    if isinstance(tree, dict):
        loops = tree.pop("loops", None)
        progress = loops.get("fit_loop") if isinstance(loops, dict) else None
        if isinstance(progress, dict):
            tree["batch_progress"] = progress.get("epoch_loop.batch_progress")
    return contents


FORMAT = CheckpointFormat("lightning", _sniff, _open)
