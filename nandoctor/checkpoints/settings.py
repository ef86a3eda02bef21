"""The mappings of a checkpoint that may hold settings, and looking values up in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.pickle_objects import Instance
from nandoctor.checkpoints.regions import inner_region
from nandoctor.checkpoints.small_values import number, whole

Places = Sequence[Mapping[Any, Any]]


def settings(tree: Any) -> Iterator[Mapping[Any, Any]]:
    """Yield the mappings that may hold settings, outermost first: no state_dicts, no deep ones."""
    front: list[Any] = [tree]
    for _ in range(4):
        inner: list[Any] = []
        for node in front[:64]:
            mapping = mapping_of(node)
            if mapping is None or _is_tensors(mapping):
                continue
            yield mapping
            inner += [v for k, v in mapping.items() if _may_hold_settings(k, v)]
        front = inner


def _may_hold_settings(key: Any, value: Any) -> bool:
    inside = inner_region("", key, value)
    return inside in ("", "history", "batch") and mapping_of(value) is not None


def mapping_of(node: Any) -> Mapping[Any, Any] | None:
    """Return what a container or placeholder holds by name, None where it is none."""
    if isinstance(node, Instance):
        return node.pairs or node.attributes() or None
    if isinstance(node, (list, tuple)) and len(node) <= 8:
        return dict(enumerate(node))
    return node if isinstance(node, dict) else None


def _is_tensors(mapping: Mapping[Any, Any]) -> bool:
    return sum(isinstance(v, TensorRef) for v in list(mapping.values())[:8]) > 4


def first_number(places: Places, names: Sequence[str]) -> float | None:
    """Return the number under the first of these names, outermost place first."""
    for place in places:
        for name in names:
            found = number(place.get(name))
            if found is not None:
                return found
    return None


def first_whole(places: Places, names: Sequence[str]) -> int | None:
    """Return the whole number under the first of these names, outermost place first."""
    for place in places:
        for name in names:
            found = whole(place.get(name))
            if found is not None and found >= 0:
                return found
    return None


def scalar(value: Any) -> Any:
    """Return numbers, text and short tuples of them as they are, one-element tensors as numbers."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)) and len(value) <= 8:
        return tuple(
            item if isinstance(item, (bool, int, float, str)) else str(item) for item in value
        )
    return number(value)
