"""Which part of a checkpoint is what: model, optimizer, EMA, scaler, ...; names come later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nandoctor.checkpoints.array_builders import array_ref
from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.pickle_objects import Instance
from nandoctor.checkpoints.region_kinds import (
    region_of_key,
    region_of_lone_tensor,
    region_of_shape,
)

_DEEPEST = 512
_WITHIN = {"master", "scaler", "rng", "gradient"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor and the keys that lead to it from the root.

    Args:
        region_depth: How many of the keys stand above the region.
    """

    path: tuple[Any, ...]
    ref: TensorRef
    region: str
    region_depth: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the tree, its keys from the root and what it is."""

    kind: str
    path: tuple[Any, ...]
    node: Any


@dataclass(frozen=True, slots=True)
class Layout:
    """The tree, taken apart: tensors in file order, and the parts that they stand in."""

    leaves: tuple[Leaf, ...]
    regions: tuple[Region, ...]
    is_cut: bool = False
    """Containers are nested too deeply: what stands below was not walked."""

    def first(self, kind: str) -> Any:
        """Return the outermost part of that kind, None where there is none."""
        return next((region.node for region in self.regions if region.kind == kind), None)


def children(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (key, value) of a container; placeholders show what they were given."""
    if isinstance(node, dict):
        yield from node.items()
    elif isinstance(node, (list, tuple)):
        yield from enumerate(node)
    elif isinstance(node, Instance):
        yield from (node.pairs or {}).items()
        yield from enumerate(node.items or ())
        state = node.attributes()
        yield from state.items()
        if not state and isinstance(node.state, (list, tuple)):
            yield from enumerate(node.state)
        if not (node.pairs or node.items or state):
            yield from enumerate(node.args)


def as_tensor(node: Any) -> TensorRef | None:
    """Return the tensor that a node is, None where it is none."""
    if isinstance(node, TensorRef):
        return node
    return array_ref(node) if isinstance(node, Instance) else None


def lay_out(tree: Any) -> Layout:
    """Walk the tree once, each container once, without recursion."""
    leaves: list[Leaf] = []
    regions: list[Region] = []
    seen: set[int] = set()
    is_cut = False
    start_region = region_of_shape(tree)
    if start_region:
        regions.append(Region(start_region, (), tree))
    stack: list[tuple[tuple[Any, ...], Any, str, int]] = [((), tree, start_region, 0)]
    while stack:
        path, node, region, depth = stack.pop()
        ref = as_tensor(node)
        if ref is not None:
            leaves.append(Leaf(path, ref, region, depth))
            continue
        if not isinstance(node, (dict, list, tuple, Instance)) or id(node) in seen:
            continue
        if len(path) > _DEEPEST:
            is_cut = True
            continue
        seen.add(id(node))
        if region == "optimizer" and region_of_shape(node) == "optimizer":
            regions.append(Region("optimizer_state", path, node))
        below = []
        for key, value in children(node):
            mine = inner_region(region, key, value)
            place = (*path, key)
            if mine != region:
                regions.append(Region(mine, place, value))
            if region == "optimizer" and key == "params":
                continue  # a pickled optimizer lists the model's parameters again
            below.append((place, value, mine, len(place) if mine != region else depth))
        stack.extend(reversed(below))
    return Layout(tuple(leaves), tuple(regions), is_cut)


def inner_region(region: str, key: Any, value: Any) -> str:
    """Return the region of a child: the outermost one holds, but for a few inner ones."""
    if not region:
        if region_of_shape(value):
            return region_of_shape(value)
        if not _holds_things(value):
            return region_of_lone_tensor(key)
        named = region_of_key(key)
        return "" if named == "model" and _is_wrapper(value) else named
    if region == "optimizer":
        named = region_of_key(key)
        return named if named in _WITHIN else region_of_shape(value) or region
    return region


def _is_wrapper(value: Any) -> bool:
    """Whether a part called ``state`` or ``model`` holds a whole training: an optimizer too."""
    keys = value.keys() if isinstance(value, dict) else ()
    return any(region_of_key(key) in ("optimizer", "scheduler", "scaler") for key in keys)


def _holds_things(value: Any) -> bool:
    return isinstance(value, (dict, Instance, list, tuple)) and as_tensor(value) is None
