"""Megatron-LM's ``iter_*/mp_rank_*`` directories.

Written after the layout in Megatron's source; only a hand-made imitation was ever opened here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import compare_steps, has_any, new_contents, read_file
from nandoctor.errors import UnreadableInputError

_LATEST = "latest_checkpointed_iteration.txt"
_FILES = ("mp_rank_*/model_optim_rng.pt", "mp_rank_*/model_rng.pt")


def _sniff(path: Path, head: bytes) -> bool:
    return has_any(path, *_FILES) or has_any(path, _LATEST)


def _folder(path: Path) -> Path:
    """Return the directory of the newest iteration."""
    if has_any(path, *_FILES):
        return path
    text = (path / _LATEST).read_text(encoding="utf-8", errors="replace")[:64].strip()
    names = [f"iter_{int(text):07d}"] if text.isdigit() else [text]
    found = next((path / name for name in names if has_any(path / name, *_FILES)), None)
    if found is None or Path(names[0]).name != names[0]:
        raise UnreadableInputError(
            f"{path}: {_LATEST} names iteration {text!r}, which is not there",
            hint="name another iter_* directory",
        )
    return found


def _open(path: Path) -> Contents:
    contents = new_contents()
    folder = _folder(path)
    ranks: dict[str, Any] = {}
    for file in sorted(f for pattern in _FILES for f in folder.glob(pattern)):
        ranks[file.parent.name] = read_file(file, contents)
    for shard in sorted(folder.glob("mp_rank_*/distrib_optim.pt")):
        tree = ranks.setdefault(shard.parent.name, {})
        if isinstance(tree, dict):
            tree["distributed_optimizer"] = read_file(shard, contents)
    steps = {k: t.get("iteration") for k, t in ranks.items() if isinstance(t, dict)}
    compare_steps({k: s for k, s in steps.items() if s is not None}, contents)
    contents.tree = next(iter(ranks.values())) if len(ranks) == 1 else ranks
    known = [s for s in steps.values() if isinstance(s, int)]
    contents.hints["step"] = min(known) if known else _number(folder.name)
    return contents


def _number(name: str) -> int | None:
    digits = name.rpartition("_")[2]
    return int(digits) if digits.isdigit() else None


FORMAT = CheckpointFormat("megatron", _sniff, _open)
