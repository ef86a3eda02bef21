"""From descriptions to torch objects, for a replay; builds tensors from bytes and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.containers import Builder
from nandoctor.checkpoints.contents import CheckpointFormat
from nandoctor.checkpoints.json_batch import read_json
from nandoctor.checkpoints.moments import state_and_groups, state_key
from nandoctor.checkpoints.opening import open_as, read_head
from nandoctor.checkpoints.random_state import rng_nodes
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import TrainingState

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LoadedState:
    """What a replay needs of a checkpoint.

    Args:
        model: Parameters and buffers by name, without the prefixes that wrappers add.
        optimizer: A state_dict with integer keys as torch's optimizers load it.
        rng: States by generator: ``torch`` (uint8 tensor), ``cuda`` (list), ``numpy`` and
            ``python`` (tuples as their ``set_state`` take them).
        gradients: By the parameter's name.
    """

    model: dict[str, torch.Tensor]
    optimizer: dict[str, Any] | None = None
    scheduler: dict[str, Any] | None = None
    scaler: dict[str, Any] | None = None
    rng: Mapping[str, Any] = field(default_factory=dict)
    training: TrainingState = field(default_factory=TrainingState)
    gradients: dict[str, torch.Tensor] = field(default_factory=dict)


def state_from(checkpoint: Checkpoint) -> LoadedState:
    """Build the state that a checkpoint holds.

    Raises:
        UnreadableInputError: A tensor cannot be read, or the file names dangerous globals.
    """
    _refuse_dangerous(checkpoint)
    builder = Builder(checkpoint.path)
    model, gradients = {}, {}
    for handle in checkpoint.tensors:
        if handle.role in ("parameter", "buffer"):
            model[handle.name] = builder.tensor(handle.ref, handle.name)
        elif handle.role == "gradient":
            gradients[handle.name.removeprefix("grad.")] = builder.tensor(handle.ref, handle.name)
    layout = checkpoint.layout
    return LoadedState(
        model=model,
        optimizer=_optimizer(checkpoint, builder),
        scheduler=_mapping(builder.convert(layout.first("scheduler"))),
        scaler=_mapping(builder.convert(layout.first("scaler"))),
        rng={kind: _rng(kind, builder.convert(node)) for kind, node in rng_nodes(layout).items()},
        training=checkpoint.training,
        gradients=gradients,
    )


def _refuse_dangerous(checkpoint: Checkpoint) -> None:
    if checkpoint.dangerous:
        raise UnreadableInputError(
            f"{checkpoint.path}: refused, loading it would call {', '.join(checkpoint.dangerous)}",
            hint="do not torch.load this file; `nandoctor inspect` reads it without running it",
        )


def _mapping(node: Any) -> dict[str, Any] | None:
    if isinstance(node, list) and node:
        node = node[0]
    return node if isinstance(node, dict) else None


def _optimizer(checkpoint: Checkpoint, builder: Builder) -> dict[str, Any] | None:
    regions = [r for r in checkpoint.layout.regions if r.kind == "optimizer_state"]
    if not regions:
        return None
    state, groups = state_and_groups(regions[0].node)
    place: dict[Any, int] = {}
    plain_groups = []
    for group in groups:
        members = [place.setdefault(_member(key), len(place)) for key in group.get("params") or ()]
        plain = {k: builder.convert(v) for k, v in group.items() if k != "params"}
        plain_groups.append({**plain, "params": members})
    slots = {
        place[state_key(key)]: builder.convert(value)
        for key, value in state.items()
        if state_key(key) in place
    }
    return {"state": slots, "param_groups": plain_groups}


def _member(key: Any) -> Any:
    """Return what tells a parameter of a group: its number or name, or the object itself."""
    return key if isinstance(key, (int, str)) else id(key)


def _rng(kind: str, state: Any) -> Any:
    if kind == "numpy" and isinstance(state, tuple) and hasattr(state[1], "numpy"):
        import numpy as np

        return (state[0], state[1].numpy().astype(np.uint32), *state[2:])
    if kind == "python" and isinstance(state, tuple) and len(state) == 3:
        return (state[0], tuple(state[1]), state[2])
    return state


def batch_from(path: Path, formats: Sequence[CheckpointFormat]) -> Any:
    """Read a batch as nested containers of torch tensors.

    Raises:
        UnreadableInputError: Not readable, or it names dangerous globals.
    """
    if path.is_file() and read_head(path).lstrip()[:1] in (b"{", b"["):
        return read_json(path)
    checkpoint = open_as(path, formats)
    _refuse_dangerous(checkpoint)
    if checkpoint.contents.damage:
        damage = checkpoint.contents.damage[0]
        raise UnreadableInputError(f"{path}: {damage.where}: {damage.reason}", hint="save it again")
    tree = checkpoint.contents.tree
    if checkpoint.format in ("safetensors", "npz"):
        tree = {handle.path[-1]: handle.ref for handle in checkpoint.tensors}
    if checkpoint.format == "npy":
        tree = checkpoint.tensors[0].ref if checkpoint.tensors else None
    return Builder(str(path)).convert(tree)
