"""ZeRO 3's shards: every rank holds its part of each parameter, one after the other, flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nandoctor.checkpoints.contents import TensorRef

_MASTERS = "fp32_flat_groups"
Shapes = Mapping[str, tuple[int, ...]]


def is_zero3(ranks: Sequence[dict[str, Any]]) -> bool:
    """Whether optimizer shards are of stage 3."""
    return all(isinstance(rank.get(_MASTERS), list) for rank in ranks)


def gather_zero3(
    ranks: Sequence[dict[str, Any]], groups: Sequence[Shapes]
) -> tuple[dict[str, Any], dict[str, TensorRef]]:
    """Return an optimizer's state_dict by parameter name, and the fp32 weights by name.

    Args:
        ranks: The ``optimizer_state_dict`` of every rank, in order.
        groups: Per parameter group, sizes by parameter name.
    """
    shapes = {name: shape for group in groups for name, shape in group.items()}
    inner = [rank.get("optimizer_state_dict") for rank in ranks]
    base: list[dict[str, Any]] = [each if isinstance(each, dict) else {} for each in inner]
    state: dict[str, dict[str, Any]] = {}
    for slot, parts in _slots(base).items():
        for name, value in _whole(parts, shapes).items():
            state.setdefault(name, {})[slot] = value
    hyper = [group for group in base[0].get("param_groups") or () if isinstance(group, dict)]
    named = [{**g, "params": list(group)} for g, group in zip(hyper, groups, strict=False)]
    weights = _whole([_flat(rank[_MASTERS]) for rank in ranks], shapes)
    return {"state": state, "param_groups": named}, weights


def _slots(base: Sequence[dict[str, Any]]) -> dict[str, list[list[TensorRef]]]:
    """Return slot -> per rank, its flat parts in the order of the sub-groups."""
    slots: dict[str, list[list[TensorRef]]] = {}
    for number, rank in enumerate(base):
        state = rank.get("state")
        entries = state.values() if isinstance(state, dict) else ()
        for entry in entries:
            for slot, value in entry.items() if isinstance(entry, dict) else ():
                parts = slots.setdefault(str(slot), [[] for _ in base])
                parts[number] += _flat([value])
    return slots


def _flat(values: Sequence[Any]) -> list[TensorRef]:
    return [value for value in values if isinstance(value, TensorRef)]


def _whole(ranks: Sequence[list[TensorRef]], shapes: Shapes) -> dict[str, TensorRef]:
    """Return every parameter as its parts on the ranks; nothing where they do not fit."""
    if not all(ranks):
        return {}
    if ranks[0][0].shape == ():
        return dict.fromkeys(shapes, ranks[0][0])
    found = {}
    start = 0
    for name, shape in shapes.items():
        size = TensorRef("", shape).numel
        share = -(-size // len(ranks))
        pieces = []
        for number, parts in enumerate(ranks):
            mine = min(share, size - number * share)
            pieces += [((number * share + at,), ref) for at, ref in _cut(parts, start, mine)]
        if sum(ref.numel for _, ref in pieces) != size:
            return {}
        found[name] = TensorRef(ranks[0][0].dtype, shape, pieces=tuple(pieces))
        start += share
    return found


def _cut(parts: Sequence[TensorRef], start: int, size: int) -> Iterator[tuple[int, TensorRef]]:
    """Yield (place within the cut, piece) of the elements from ``start`` on."""
    at = 0
    for part in parts:
        first, last = max(start, at), min(start + size, at + part.numel)
        if first < last and len(part.shape) == 1:
            place = part.offset + first - at
            yield first - start, replace(part, shape=(last - first,), strides=(1,), offset=place)
        at += part.numel
