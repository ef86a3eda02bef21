"""Lightning's .ckpt files: torch archives with a layout of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints.archive import find_entry, has_entries, read_entries, read_small
from nandoctor.checkpoints.contents import CheckpointFormat, Contents, TensorRef
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
        _drop_scores(tree.get("callbacks"))
    return contents


def _drop_scores(callbacks: Any) -> None:
    """Remove the best scores of callbacks: their Inf only means that there is none yet."""
    states = callbacks.values() if isinstance(callbacks, dict) else ()
    for state in states:
        for key in [k for k, v in state.items() if _is_score(v)] if isinstance(state, dict) else ():
            del state[key]


def _is_score(value: Any) -> bool:
    return isinstance(value, TensorRef) and value.shape == ()


FORMAT = CheckpointFormat("lightning", _sniff, _open)
