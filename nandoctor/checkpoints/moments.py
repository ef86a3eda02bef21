"""Which parameter an entry of an optimizer's state belongs to, where the file lets one know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.group_orders import group_orders
from nandoctor.checkpoints.pickle_objects import Instance, Opaque
from nandoctor.checkpoints.regions import as_tensor
from nandoctor.checkpoints.registration_order import Shapes, registration_order

_MOMENTS = ("exp_avg", "exp_avg_sq", "momentum_buffer", "square_avg", "sum")


def state_and_groups(optimizer: Any) -> tuple[Mapping[Any, Any], list[dict[str, Any]]]:
    """Return the state and the param groups of an optimizer's state_dict or object."""
    node = optimizer.attributes() if isinstance(optimizer, Instance) else optimizer
    if not isinstance(node, dict):
        return {}, []
    state, groups = node.get("state"), node.get("param_groups")
    plain = [g for g in groups if isinstance(g, dict)] if isinstance(groups, (list, tuple)) else []
    return state if isinstance(state, dict) else {}, plain


def parameter_names(optimizer: Any, candidates: Sequence[Shapes]) -> dict[Any, str]:
    """Return the parameter's name by the key of its state, as far as it is certain.

    Args:
        optimizer: A state_dict of torch's layout, or a pickled optimizer.
        candidates: Names and shapes in the model's order, tied ones once: of all models together,
            then of each.
    """
    state, groups = state_and_groups(optimizer)
    members = [list(group.get("params") or ()) for group in groups]
    keys = [key for group in members for key in group]
    named = [n for group in groups for n in (group.get("param_names") or ())]
    if named and len(named) == len(keys):
        return {_key(key): str(name) for key, name in zip(keys, named, strict=True)}
    if state and all(isinstance(key, str) for key in state):
        return {key: key for key in state}
    shapes = {_key(key): _shape_of(state, key) for key in keys}
    ordered = [registration_order(parameters) for parameters in candidates]
    for registered in ordered:
        for order in group_orders([len(group) for group in members], registered or ()):
            if _fits(keys, order, shapes):
                return {_key(key): name for key, (name, _) in zip(keys, order, strict=True)}
    if len(members) == 1 and ordered and ordered[0] is not None:
        return _only_subsequence(keys, shapes, ordered[0])
    return _only_shapes(keys, shapes, candidates[0]) if candidates else {}


def _key(key: Any) -> Any:
    return id(key) if isinstance(key, TensorRef) else key


def state_key(key: Any) -> Any:
    """Return the key under which ``parameter_names`` lists a key of the state."""
    return id(key.value) if isinstance(key, Opaque) else key


def _shape_of(state: Mapping[Any, Any], key: Any) -> tuple[int, ...] | None:
    if isinstance(key, TensorRef):
        return key.shape
    slots = state.get(key)
    if not isinstance(slots, dict):
        return None
    refs = (as_tensor(slots.get(moment)) for moment in _MOMENTS)
    return next((ref.shape for ref in refs if ref is not None), None)


def _fits(keys: Sequence[Any], order: Shapes, shapes: Mapping[Any, Any]) -> bool:
    """Whether that order has one parameter a key and no shape contradicts it."""
    if len(order) != len(keys) or not keys:
        return False
    pairs = zip(keys, order, strict=True)
    return all(shapes[_key(key)] in (None, shape) for key, (_, shape) in pairs)


def _only_shapes(
    keys: Sequence[Any], shapes: Mapping[Any, Any], parameters: Shapes
) -> dict[Any, str]:
    """Return the names of those keys whose shape one parameter only has."""
    owners: dict[Any, list[str]] = {}
    for name, shape in parameters:
        owners.setdefault(shape, []).append(name)
    wanted = [shapes[_key(key)] for key in keys]
    return {
        _key(key): owners[shape][0]
        for key, shape in zip(keys, wanted, strict=True)
        if shape is not None and wanted.count(shape) == 1 and len(owners.get(shape, ())) == 1
    }


def _only_subsequence(
    keys: Sequence[Any], shapes: Mapping[Any, Any], parameters: Shapes
) -> dict[Any, str]:
    """Return the names where some parameters are frozen and the shapes leave one choice only."""
    wanted = [shapes[_key(key)] for key in keys]
    if not wanted or None in wanted:
        return {}
    first = _greedy(wanted, list(parameters))
    last = _greedy(wanted[::-1], list(parameters)[::-1])
    if first is None or last is None or first != last[::-1]:
        return {}
    return {_key(key): name for key, name in zip(keys, first, strict=True)}


def _greedy(wanted: list[Any], parameters: list[tuple[str, tuple[int, ...]]]) -> list[str] | None:
    left = iter(parameters)
    names = []
    for shape in wanted:
        name = next((name for name, mine in left if mine == shape), None)
        if name is None:
            return None
        names.append(name)
    return names
