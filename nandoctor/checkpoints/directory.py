"""Joining the files of a checkpoint directory into one tree; which files is each format's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nandoctor.checkpoints import plain_pickle, safetensors, torch_legacy, torch_zip
from nandoctor.checkpoints.contents import CheckpointFormat, Contents, TensorRef
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage

_INNER: tuple[CheckpointFormat, ...] = (
    torch_zip.FORMAT, torch_legacy.FORMAT, safetensors.FORMAT, plain_pickle.FORMAT,
)  # fmt: skip
_MAX_JSON = 1 << 27


def new_contents() -> Contents:
    """Return contents that join files."""
    return Contents({}, ())


def read_file(path: Path, contents: Contents) -> Any:
    """Read one file of a directory; return its tree, None where it cannot be read at all."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        form = next((f for f in _INNER if f.sniff(path, head)), None)
        if form is None:
            raise UnreadableInputError("empty (0 bytes)" if not head else "not of a known format")
        inner = form.open(path)
    except (UnreadableInputError, OSError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        contents.damage.append(Damage(path.name, f"cannot be read: {reason}"))
        contents.files = (*contents.files, path)
        return None
    absorb(inner, contents, path.name)
    return inner.tree


def absorb(inner: Contents, contents: Contents, name: str) -> None:
    """Take over what a file says besides its tree."""
    contents.files = (*contents.files, *inner.files)
    contents.classes = tuple(dict.fromkeys((*contents.classes, *inner.classes)))
    contents.dangerous = tuple(dict.fromkeys((*contents.dangerous, *inner.dangerous)))
    contents.damage += [
        Damage(d.where if d.where == name else f"{name}: {d.where}", d.reason) for d in inner.damage
    ]
    crcs = contents.hints.setdefault("crc", [])
    crcs += [(f"{name}: {entry}", data, crc) for entry, data, crc in inner.hints.get("crc", [])]


def read_json(path: Path, contents: Contents) -> Any:
    """Read a JSON file (NaN allowed, as Python writes it); None where it is broken."""
    contents.files = (*contents.files, path)
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ValueError("absurdly large")
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        contents.damage.append(Damage(path.name, f"cannot be read: {str(error)[:120]}"))
        return None


def read_model(folder: Path, contents: Contents) -> dict[str, Any]:
    """Return the tensors of a model directory: single or sharded, safetensors or torch."""
    for stem in ("model", "adapter_model", "pytorch_model", "diffusion_pytorch_model"):
        for suffix in ("safetensors", "bin"):
            single = folder / f"{stem}.{suffix}"
            index = folder / f"{stem}.{suffix}.index.json"
            if index.is_file():
                return read_shards(index, contents)
            if single.is_file():
                return _tensors(read_file(single, contents))
    shards = sorted(folder.glob("*-of-*.safetensors")) + sorted(folder.glob("*-of-*.bin"))
    return _join([(shard.name, shard) for shard in shards], contents)


def _tensors(tree: Any) -> dict[str, Any]:
    if isinstance(tree, dict) and set(tree) >= {"model"} and isinstance(tree["model"], dict):
        return tree["model"]
    return tree if isinstance(tree, dict) else {}


def read_shards(index: Path, contents: Contents) -> dict[str, Any]:
    """Return the tensors that an index lists; those of a missing shard are marked as broken."""
    listed = read_json(index, contents)
    weights = listed.get("weight_map") if isinstance(listed, dict) else None
    if not isinstance(weights, dict):
        raise UnreadableInputError(
            f"{index}: its weight_map is missing", hint="save the model again"
        )
    names = sorted({str(shard) for shard in weights.values()})
    inside = [name for name in names if Path(name).name == name]
    shards = [(name, index.parent / name) for name in inside]
    found = _join(shards, contents, {str(name): str(shard) for name, shard in weights.items()})
    ordered: dict[str, Any] = {}
    for name, shard in weights.items():
        reason = f"its shard {shard} does not hold it"
        if str(shard) not in inside:
            reason = f"its shard {shard} lies outside of the directory"
        elif not (index.parent / str(shard)).is_file():
            reason = f"its shard {shard} is missing"
        ordered[str(name)] = found.pop(name, TensorRef("unknown", (), broken=reason))
    return {**ordered, **found}


def _join(
    shards: list[tuple[str, Path]], contents: Contents, listed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the tensors of all shards, each from the one that the index lists it in."""
    home = listed or {}
    found: dict[str, Any] = {}
    steps: dict[str, str] = {}
    for name, path in shards:
        if not path.is_file():
            contents.damage.append(Damage(name, "missing shard"))
            continue
        tree = read_file(path, contents)
        step = tree.get("step") if isinstance(tree, dict) else None
        if isinstance(step, (str, int)):
            steps[name] = str(step)
        held = _tensors(tree).items()
        found.update({key: value for key, value in held if home.get(str(key), name) == name})
    compare_steps(steps, contents)
    return found


def compare_steps(steps: dict[str, Any], contents: Contents) -> None:
    """Report files of one checkpoint that were written at different steps."""
    if len(set(steps.values())) > 1:
        text = ", ".join(f"{name} at {step}" for name, step in list(steps.items())[:8])
        contents.damage.append(Damage("step", f"the files are of different steps: {text}"))


def has_any(folder: Path, *patterns: str) -> bool:
    """Whether a directory holds a file that fits one of the patterns."""
    return folder.is_dir() and any(
        next(folder.glob(pattern), None) is not None for pattern in patterns
    )
