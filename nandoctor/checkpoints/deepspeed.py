"""DeepSpeed's ``global_step*`` directories: model states and ZeRO optimizer shards.

ZeRO 1 and 2 cut the flat parameters of a group evenly over the ranks, ZeRO 3 each parameter: put
together they are named after their parameters.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.directory import compare_steps, has_any, new_contents, read_file
from nandoctor.checkpoints.flat_groups import check_count, groups_of, unflatten
from nandoctor.checkpoints.zero3 import gather_zero3, is_zero3
from nandoctor.errors import UnreadableInputError

_MODEL, _SHARD = "*mp_rank_*_model_states.pt", "*zero_pp_rank_*_optim_states.pt"
_RANK = re.compile(r"zero_pp_rank_(\d+)_mp_rank_(\d+)")


def _sniff(path: Path, head: bytes) -> bool:
    return has_any(path, _MODEL, _SHARD) or has_any(path, f"global_step*/{_MODEL}")


def _folder(path: Path) -> Path:
    """Return the directory of the newest step: the one that ``latest`` names."""
    if has_any(path, _MODEL, _SHARD):
        return path
    latest = path / "latest"
    if latest.is_file():
        name = latest.read_text(encoding="utf-8", errors="replace")[:256].strip()
        if Path(name).name == name and has_any(path / name, _MODEL):
            return path / name
    steps = [folder for folder in path.glob("global_step*") if has_any(folder, _MODEL)]
    return max(steps, key=lambda folder: int(re.sub(r"\D", "", folder.name) or 0))


def _open(path: Path) -> Contents:
    contents = new_contents()
    folder = _folder(path)
    models = [read_file(file, contents) for file in sorted(folder.glob(_MODEL))]
    trees = [tree for tree in models if isinstance(tree, dict)]
    if not trees and not has_any(folder, _SHARD):
        raise UnreadableInputError(
            f"{path}: no model states can be read", hint="see the other steps"
        )
    first = trees[0] if trees else {}
    contents.tree = (
        {**first} if len(trees) < 2 else {f"mp_rank_{n}": t for n, t in enumerate(trees)}
    )
    shards = {}
    for file in sorted(folder.glob(_SHARD), key=_rank):
        tree = read_file(file, contents)
        if isinstance(tree, dict):
            shards[file.name] = tree
    steps = {f"model {n}": t.get("global_steps") for n, t in enumerate(trees)}
    compare_steps({k: s for k, s in steps.items() if s is not None}, contents)
    inner = [s.get("optimizer_state_dict") for s in shards.values()]
    ranks = [s for s in inner if isinstance(s, dict)]
    if ranks:
        _put_together(contents, first, ranks)
        contents.tree["loss_scaler"] = ranks[0].get("loss_scaler")
        contents.tree.setdefault("clip_grad", ranks[0].get("clip_grad"))
    contents.tree["data_position"] = first.get("global_samples")
    contents.hints["step"] = re.sub(r"\D", "", folder.name) or None
    return contents


def _put_together(contents: Contents, first: dict[Any, Any], ranks: list[dict[str, Any]]) -> None:
    """Join the ranks' shards: the optimizer and, for ZeRO 3, the weights that it alone holds."""
    shapes = first.get("param_shapes")
    check_count(ranks, contents.damage)
    if is_zero3(ranks):
        optimizer, weights = gather_zero3(ranks, groups_of(shapes))
        if weights:
            kept = {k: v for k, v in _mapping(first.get("module")).items() if k not in weights}
            contents.tree = {**first, "module": {**weights, **kept}, "optimizer": optimizer}
            return
    contents.tree["optimizer"] = unflatten(ranks, shapes)


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _rank(path: Path) -> tuple[int, ...]:
    found = _RANK.search(path.name)
    return tuple(int(number) for number in found.groups()) if found else (0,)


FORMAT = CheckpointFormat("deepspeed", _sniff, _open)
