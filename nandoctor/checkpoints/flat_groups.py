"""ZeRO's flat partitions, put together and cut into parameters again; no bytes are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.evidence import Damage

_MASTERS = ("single_partition_of_fp32_groups", "fp32_flat_groups")


def unflatten(ranks: Sequence[dict[str, Any]], shapes: Any) -> dict[str, Any]:
    """Return an optimizer's state_dict by parameter name, the fp32 master weights beside it.

    Args:
        ranks: The ``optimizer_state_dict`` of every rank, in order.
        shapes: ``param_shapes``: per group, sizes by parameter name.
    """
    base = [_base(rank) for rank in ranks]
    groups = groups_of(shapes)
    state: dict[Any, Any] = {}
    masters: dict[str, Any] = {}
    for number, group in enumerate(groups):
        slots: dict[str, list[Any]] = {}
        for rank in base:
            entry = (rank.get("state") or {}).get(number)
            for slot, value in entry.items() if isinstance(entry, dict) else ():
                slots.setdefault(str(slot), []).append(value)
        for slot, parts in slots.items():
            for name, ref in _cut(parts, group, len(ranks)).items():
                state.setdefault(name, {})[slot] = ref
        masters.update(_cut([_master(rank, number) for rank in ranks], group, len(ranks)))
    if not state:
        return {"ranks": list(base), "fp32_flat_groups": [_all_masters(rank) for rank in ranks]}
    hyper = [g for g in base[0].get("param_groups") or () if isinstance(g, dict)]
    named = [{**g, "params": list(group)} for g, group in zip(hyper, groups, strict=False)]
    return {"state": state, "param_groups": named, "fp32_params": masters}


def _base(rank: dict[str, Any]) -> dict[str, Any]:
    base = rank.get("base_optimizer_state")
    return base if isinstance(base, dict) else rank


def groups_of(shapes: Any) -> list[Mapping[str, tuple[int, ...]]]:
    """Return ``param_shapes`` as sizes by parameter name, per group."""
    listed = shapes if isinstance(shapes, list) else [shapes]
    plain = [g for g in listed if isinstance(g, dict)]
    return [{str(k): v for k, v in g.items() if isinstance(v, tuple)} for g in plain]


def check_count(ranks: Sequence[dict[str, Any]], damage: list[Damage]) -> None:
    """Say so where a rank's shard is missing."""
    counts = ranks[0].get("partition_count")
    wanted = counts[0] if isinstance(counts, list) and counts else counts
    if isinstance(wanted, int) and wanted != len(ranks):
        damage.append(
            Damage("optimizer", f"missing shard: {len(ranks)} of {wanted} ranks are there")
        )


def _master(rank: dict[str, Any], number: int) -> Any:
    groups = _all_masters(rank)
    return groups[number] if isinstance(groups, list) and number < len(groups) else None


def _all_masters(rank: dict[str, Any]) -> Any:
    return next((rank[key] for key in _MASTERS if key in rank), None)


def _cut(parts: Sequence[Any], group: Mapping[str, tuple[int, ...]], count: int) -> dict[str, Any]:
    """Return each parameter as pieces of the ranks' flat parts; as they are where it cannot be."""
    flat = [p for p in parts if isinstance(p, TensorRef) and len(p.shape) == 1]
    sizes = [_volume(shape) for shape in group.values()]
    if not flat or len(flat) != count or sum(p.numel for p in flat) < sum(sizes):
        if parts and (not isinstance(parts[0], TensorRef) or parts[0].shape == ()):
            return dict.fromkeys(group, parts[0]) if parts[0] is not None else {}
        return {f"rank{n}": part for n, part in enumerate(parts)}
    cut = {}
    start = 0
    for (name, shape), size in zip(group.items(), sizes, strict=True):
        cut[name] = _slice(flat, start, size, shape)
        start += size
    return cut


def _slice(flat: Sequence[TensorRef], start: int, size: int, shape: tuple[int, ...]) -> TensorRef:
    pieces = []
    at = 0
    for part in flat:
        first, last = max(start, at), min(start + size, at + part.numel)
        if first < last:
            piece = replace(
                part, shape=(last - first,), strides=(1,), offset=part.offset + first - at
            )
            pieces.append(((first - start,), piece))
        at += part.numel
    if len(pieces) == 1:
        return replace(pieces[0][1], shape=shape, strides=None)
    return TensorRef(flat[0].dtype, shape, pieces=tuple(pieces))


def _volume(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total
