"""Names and roles of tensors: ``encoder.0.weight`` for a parameter whatever wraps the model, and
``exp_avg.encoder.0.weight`` for its moment, ``ema.…`` and ``grad.…`` alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.moments import parameter_names, state_key
from nandoctor.checkpoints.regions import Layout, Leaf
from nandoctor.checkpoints.registration_order import Shapes
from nandoctor.evidence import Role

_WRAPPERS = re.compile(r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)")
_INNER = {"_parameters", "_modules", "_buffers"}
_SHELLS = ("state_dict", "model_state_dict", "model_state", "model", "params", "weights", "module")
_BUFFERS = re.compile(
    r"(^|\.)(running_mean|running_var|num_batches_tracked|n_averaged|inv_freq|position_ids|"
    r"token_type_ids|cos_cached|sin_cached|attn_mask|causal_mask|relative_position_index|"
    r"relative_coords_table|masked_bias|original_inv_freq|mask|freqs_cis)$"
)
_SHORT: dict[str, str] = {"gradient": "grad", "ema": "ema", "master": "master"}
_ROLES: dict[str, Role] = {
    "ema": "ema", "scheduler": "scheduler", "scaler": "scaler", "rng": "rng",
    "gradient": "gradient", "master": "master", "history": "history", "batch": "batch",
}  # fmt: skip
SLOT_ROLES: dict[str, Role] = {"exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq"}


@dataclass(frozen=True, slots=True, eq=False)
class TensorHandle:
    """A tensor of an opened checkpoint: described, not read.

    Args:
        path: The keys that lead to it in the tree.
    """

    name: str
    role: Role
    ref: TensorRef
    path: tuple[Any, ...] = ()


def strip_wrappers(names: Sequence[str]) -> list[str]:
    """Remove what DDP, compile, FSDP and checkpointing put before names."""
    plain = [_WRAPPERS.sub(r"\1", name).replace("..", ".").lstrip(".") for name in names]
    real = [name for name in plain if name != "n_averaged"]
    while real and all(name.startswith("module.") for name in real):
        plain = [name.removeprefix("module.") for name in plain]
        real = [name for name in plain if name != "n_averaged"]
    return plain


def name_tensors(layout: Layout) -> tuple[TensorHandle, ...]:
    """Name every tensor and give it its role."""
    names = _model_names(layout)
    moments = _moment_names(layout, names)
    handles = []
    taken: dict[str, int] = {}
    for leaf in layout.leaves:
        name, role = _name_and_role(leaf, names, moments)
        count = taken[name] = taken.get(name, 0) + 1
        handles.append(
            TensorHandle(name if count == 1 else f"{name}#{count}", role, leaf.ref, leaf.path)
        )
    return tuple(handles)


def _name_and_role(
    leaf: Leaf, names: dict[tuple[Any, ...], str], moments: dict[tuple[Any, ...], str]
) -> tuple[str, Role]:
    if leaf.path in names:
        name = names[leaf.path]
        if leaf.region in _SHORT:
            return f"{_SHORT[leaf.region]}.{name}", _ROLES[leaf.region]
        return name, _model_role(leaf, name)
    if leaf.path in moments:
        name = moments[leaf.path]
        return name, SLOT_ROLES.get(name.partition(".")[0], "optimizer")
    plain = ".".join(str(key) for key in leaf.path) or "tensor"
    return plain, _ROLES.get(leaf.region, "optimizer" if leaf.region == "optimizer" else "other")


def _model_role(leaf: Leaf, name: str) -> Role:
    if "_buffers" in leaf.path:
        return "buffer"
    if leaf.ref.is_parameter or "_parameters" in leaf.path:
        return "parameter"
    kind = element_type(leaf.ref.dtype)
    is_number = kind is None or kind.family != "integer" or leaf.ref.dtype.startswith("q")
    return "parameter" if is_number and not _BUFFERS.search(name) else "buffer"


def _model_names(layout: Layout) -> dict[tuple[Any, ...], str]:
    """Return the names of model, EMA, master and gradient tensors by their path."""
    groups: dict[tuple[str, tuple[Any, ...]], list[Leaf]] = {}
    has_model = any(leaf.region == "model" for leaf in layout.leaves)
    for leaf in layout.leaves:
        kind = leaf.region
        if kind in ("model", *_SHORT) or (not kind and not has_model and _is_weight(leaf)):
            groups.setdefault((kind or "model", leaf.path[: leaf.region_depth]), []).append(leaf)
    counts: dict[str, int] = {}
    for kind, _ in groups:
        counts[kind] = counts.get(kind, 0) + 1
    names = {}
    for (kind, place), leaves in groups.items():
        plain = [".".join(keys) for keys in _without_shells([_keys(leaf) for leaf in leaves])]
        stem = _stem(place) if counts[kind] > 1 else ""
        for leaf, name in zip(leaves, strip_wrappers(plain), strict=True):
            names[leaf.path] = f"{stem}.{name}" if stem else name
    return names


def _is_weight(leaf: Leaf) -> bool:
    """Whether a tensor outside of every known part stands in a state_dict: under a text key."""
    return bool(leaf.path) and all(isinstance(key, str) for key in leaf.path[-1:])


def _keys(leaf: Leaf) -> list[str]:
    keys = [str(key) for key in leaf.path[leaf.region_depth :] if key not in _INNER]
    return keys or [str(leaf.path[-1]) if leaf.path else "tensor"]


def _without_shells(keys: list[list[str]]) -> list[list[str]]:
    """Remove outer keys like ``state_dict`` that every tensor of a model stands under."""
    while (
        len({path[0] for path in keys}) == 1 and keys[0][0] in _SHELLS and min(map(len, keys)) > 1
    ):
        keys = [path[1:] for path in keys]
    return keys


def _stem(place: tuple[Any, ...]) -> str:
    """Return what tells one of several models from another: its key, without ``_state_dict``."""
    key = str(place[-1]) if place else ""
    stem = re.sub(r"(_state_dict|_state|_sd)$", "", key)
    return "" if stem in ("model", "state_dict", "module", "net") else stem


def _moment_names(layout: Layout, names: dict[tuple[Any, ...], str]) -> dict[tuple[Any, ...], str]:
    """Return ``slot.parameter`` for every tensor of an optimizer's state, by its path."""
    candidates = _parameter_lists(layout, names)
    found: dict[tuple[Any, ...], str] = {}
    leaves = [leaf for leaf in layout.leaves if leaf.region == "optimizer"]
    for region in (r for r in layout.regions if r.kind == "optimizer_state"):
        inside = [leaf for leaf in leaves if leaf.path[: len(region.path)] == region.path]
        known = parameter_names(region.node, candidates)
        for leaf in inside:
            rest = leaf.path[len(region.path) :]
            if len(rest) >= 3 and rest[0] == "state":
                slot = ".".join(str(key) for key in rest[2:])
                owner = known.get(state_key(rest[1])) or str(rest[1])
                found[leaf.path] = f"{slot}.{strip_wrappers([owner])[0]}"
    return found


def _home(leaf: Leaf) -> tuple[Any, ...]:
    """Return the keys of the model that a tensor belongs to."""
    return leaf.path[: leaf.region_depth] or leaf.path[:-1]


def _parameter_lists(layout: Layout, names: dict[tuple[Any, ...], str]) -> list[Shapes]:
    """Return (name, shape) of all parameters in model order, tied ones once; then by model."""
    every: list[tuple[str, tuple[int, ...]]] = []
    by_model: dict[tuple[Any, ...], list[tuple[str, tuple[int, ...]]]] = {}
    seen: set[Any] = set()
    for leaf in layout.leaves:
        if leaf.path not in names or leaf.region in _SHORT:
            continue
        name, ref = names[leaf.path], leaf.ref
        place = (ref.data, ref.offset, ref.shape)
        if _model_role(leaf, name) != "parameter" or (ref.data is not None and place in seen):
            continue
        seen.add(place)
        every.append((name, ref.shape))
        by_model.setdefault(leaf.path[: leaf.region_depth] or leaf.path[:1], []).append(
            (name, ref.shape)
        )
    return [every, *by_model.values()] if len(by_model) > 1 else [every]
