"""The batch as a tree of tensors: walking and rebuilding it; what a sample is stands elsewhere."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np
import torch


class MicroBatches(list[Any]):
    """The micro-batches of one accumulated step; their samples are numbered through."""


def named_tensors(batch: Any) -> list[tuple[str, torch.Tensor]]:
    """Return every tensor of a batch with its dotted name; a bare tensor is called ``batch``."""
    return [(name or "batch", tensor) for name, tensor in _walk(batch, "")]


def named_arrays(batch: Any) -> list[tuple[str, np.ndarray[Any, Any]]]:
    """Return every NumPy array of a batch with its dotted name; a bare one is called ``batch``."""
    return [(name or "batch", array) for name, array in _walk_arrays(batch, "")]


def array_tensors(batch: Any) -> list[tuple[str, torch.Tensor]]:
    """Return the floating-point arrays of a batch as tensors in the same memory."""
    arrays = [(n, a) for n, a in named_arrays(batch) if a.dtype.kind in "fc" and a.flags.writeable]
    return [(name, torch.from_numpy(array)) for name, array in arrays]


def map_tensors(batch: Any, fn: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return the batch with every tensor replaced; containers keep their type."""
    return map_named(batch, lambda _, tensor: fn(tensor))


def map_named(batch: Any, fn: Callable[[str, torch.Tensor], torch.Tensor]) -> Any:
    """Return the batch with every tensor replaced by ``fn(name, tensor)``."""
    return _map(batch, "", lambda name, tensor: fn(name or "batch", tensor))


def _walk(value: Any, name: str) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield name, value
        return
    for key, child in children_of(value):
        yield from _walk(child, f"{name}.{key}" if name else str(key))


def _walk_arrays(value: Any, name: str) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    if isinstance(value, np.ndarray):
        yield name, value
    elif not isinstance(value, torch.Tensor):
        for key, child in children_of(value):
            yield from _walk_arrays(child, f"{name}.{key}" if name else str(key))


def _map(value: Any, name: str, fn: Callable[[str, torch.Tensor], Any]) -> Any:
    if isinstance(value, torch.Tensor):
        return fn(name, value)
    children = children_of(value)
    if not children:
        return value
    new = [(key, _map(child, f"{name}.{key}" if name else str(key), fn)) for key, child in children]
    if all(a is b for (_, a), (_, b) in zip(children, new, strict=True)):
        return value
    return rebuilt(value, new)


def children_of(value: Any) -> list[tuple[Any, Any]]:
    """Return a container's keys and values; none for a leaf."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(f.name, getattr(value, f.name, None)) for f in dataclasses.fields(value)]
    return _attributes_with_tensors(value)


def _attributes_with_tensors(value: Any) -> list[tuple[Any, Any]]:
    """Return the attributes of a plain object that carries tensors; none for any other."""
    if isinstance(value, (torch.nn.Module, type, str, bytes, int, float, type(None))):
        return []
    slots = [s for kind in type(value).__mro__ for s in getattr(kind, "__slots__", ())]
    named = {slot: getattr(value, slot) for slot in slots if hasattr(value, slot)}
    named.update(getattr(value, "__dict__", {}))
    holds = any(isinstance(child, torch.Tensor) for child in named.values())
    return list(named.items()) if holds else []


def rebuilt(value: Any, children: list[tuple[Any, Any]]) -> Any:
    """Return a container of the same type with other children."""
    if isinstance(value, tuple):
        items = [child for _, child in children]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, list):
        return type(value)(child for _, child in children)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _rebuilt_dataclass(value, children)
    if isinstance(value, MutableMapping):  # BatchEncoding keeps more than its items
        new = copy.copy(value)
        for key, child in children:
            new[key] = child
        return new
    return dict(children) if isinstance(value, Mapping) else _with_attributes(value, children)


def _rebuilt_dataclass(value: Any, children: list[tuple[Any, Any]]) -> Any:
    if isinstance(value, Mapping):  # transformers' ModelOutput
        return type(value)(**dict(children))
    return _with_attributes(value, children)


def _with_attributes(value: Any, children: list[tuple[Any, Any]]) -> Any:
    new = copy.copy(value)
    for key, child in children:
        object.__setattr__(new, key, child)
    return new
