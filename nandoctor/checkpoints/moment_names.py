"""Names of an optimizer's tensors: their slot, then the parameter that they belong to."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.model_names import SHORT, model_role, strip_wrappers
from nandoctor.checkpoints.moments import parameter_names, state_key
from nandoctor.checkpoints.regions import Layout
from nandoctor.checkpoints.registration_order import Shapes


def moment_names(layout: Layout, names: dict[tuple[Any, ...], str]) -> dict[tuple[Any, ...], str]:
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


def _parameter_lists(layout: Layout, names: dict[tuple[Any, ...], str]) -> list[Shapes]:
    """Return (name, shape) of all parameters in model order, tied ones once; then by model."""
    every: list[tuple[str, tuple[int, ...]]] = []
    by_model: dict[tuple[Any, ...], list[tuple[str, tuple[int, ...]]]] = {}
    seen: set[Any] = set()
    for leaf in layout.leaves:
        if leaf.path not in names or leaf.region in SHORT:
            continue
        name, ref = names[leaf.path], leaf.ref
        place = (ref.data, ref.offset, ref.shape)
        if model_role(leaf, name) != "parameter" or (ref.data is not None and place in seen):
            continue
        seen.add(place)
        every.append((name, ref.shape))
        by_model.setdefault(leaf.path[: leaf.region_depth] or leaf.path[:1], []).append(
            (name, ref.shape)
        )
    return [every, *by_model.values()] if len(by_model) > 1 else [every]
