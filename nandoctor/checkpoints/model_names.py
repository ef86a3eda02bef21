"""Names of a model's own tensors, without what wraps the model; roles of parameters and buffers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.regions import Layout, Leaf
from nandoctor.evidence import Role

_WRAPPERS = re.compile(r"(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)")
_INNER = {"_parameters", "_modules", "_buffers"}
_SHELLS = ("state_dict", "model_state_dict", "model_state", "model", "params", "weights", "module")
_LAST = (".weight", ".bias")
_BUFFERS = re.compile(
    r"(^|\.)(running_mean|running_var|num_batches_tracked|n_averaged|inv_freq|position_ids|"
    r"token_type_ids|cos_cached|sin_cached|attn_mask|causal_mask|relative_position_index|"
    r"relative_coords_table|masked_bias|original_inv_freq|mask|freqs_cis)$"
)
SHORT: dict[str, str] = {"gradient": "grad", "ema": "ema", "master": "master"}
"""What stands before the names of a model's counterparts."""


def strip_wrappers(names: Sequence[str]) -> list[str]:
    """Remove what DDP, compile, FSDP and checkpointing put before names."""
    plain = [_WRAPPERS.sub(r"\1", name).replace("..", ".").lstrip(".") for name in names]
    real = [name for name in plain if name != "n_averaged"]
    while real and all(name.startswith("module.") for name in real):
        plain = [name.removeprefix("module.") for name in plain]
        real = [name for name in plain if name != "n_averaged"]
    return plain


def model_role(leaf: Leaf, name: str) -> Role:
    """Return whether a tensor of a model is a parameter or a buffer."""
    if "_buffers" in leaf.path:
        return "buffer"
    if leaf.ref.is_parameter or "_parameters" in leaf.path:
        return "parameter"
    kind = element_type(leaf.ref.dtype)
    is_number = kind is None or kind.family != "integer" or leaf.ref.dtype.startswith("q")
    return "parameter" if is_number and not _BUFFERS.search(name) else "buffer"


def model_names(layout: Layout) -> dict[tuple[Any, ...], str]:
    """Return the names of model, EMA, master and gradient tensors by their path."""
    groups: dict[tuple[str, tuple[Any, ...]], list[Leaf]] = {}
    has_model = any(leaf.region == "model" for leaf in layout.leaves)
    beside = _state_dicts(layout) if has_model else set()
    for leaf in layout.leaves:
        kind = leaf.region
        if kind in ("model", *SHORT) or (not kind and not has_model and _is_weight(leaf)):
            groups.setdefault((kind or "model", leaf.path[: leaf.region_depth]), []).append(leaf)
        elif not kind and leaf.path[:-1] in beside:
            groups.setdefault(("model", leaf.path[:1]), []).append(replace(leaf, region_depth=1))
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


def _state_dicts(layout: Layout) -> set[tuple[Any, ...]]:
    """Return the places outside of every known part that are a further model's state_dict."""
    keys: dict[tuple[Any, ...], list[str]] = {}
    for leaf in layout.leaves:
        if not leaf.region and len(leaf.path) > 1:
            keys.setdefault(leaf.path[:-1], []).append(str(leaf.path[-1]))
    named = {place: sum(name.endswith(_LAST) for name in names) for place, names in keys.items()}
    return {place for place, count in named.items() if 2 * count >= len(keys[place])}


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
