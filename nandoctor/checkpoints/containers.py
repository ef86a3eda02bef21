"""Containers of torch tensors from the tree of a checkpoint; foreign classes become plain ones."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.pickle_objects import Encoded, Global, Instance, Opaque
from nandoctor.checkpoints.regions import as_tensor
from nandoctor.checkpoints.tensors import TensorBuilder
from nandoctor.errors import UnreadableInputError

_MAX_DEPTH = 200
_HOLDERS = ("BatchEncoding", "BatchFeature", "UserDict")


class Builder(TensorBuilder):
    """Builds torch objects of one file; a node that occurs twice is built once."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.built: dict[int, Any] = {}

    def convert(self, node: Any, depth: int = 0) -> Any:
        """Return a node with torch tensors in it; foreign classes become plain containers."""
        if node is None or isinstance(node, (bool, int, float, str, bytes, complex)):
            return node
        if depth > _MAX_DEPTH:
            raise UnreadableInputError(f"{self.path}: nested more than {_MAX_DEPTH} levels deep")
        ref = as_tensor(node)
        if id(node) in self.built:
            return self.built[id(node)]
        if ref is not None:
            made: Any = self.tensor(ref, "tensor")
            self.built[id(node)] = made
            return made
        return self._container(node, depth)

    def _container(self, node: Any, depth: int) -> Any:
        if isinstance(node, dict):
            made: dict[Any, Any] = {}
            self.built[id(node)] = made
            made.update({_key(k): self.convert(v, depth + 1) for k, v in node.items()})
            return made
        if isinstance(node, list):
            items: list[Any] = []
            self.built[id(node)] = items
            items.extend(self.convert(item, depth + 1) for item in node)
            return items
        if isinstance(node, tuple):
            return tuple(self.convert(item, depth + 1) for item in node)
        if isinstance(node, Instance):
            self.built[id(node)] = None
            made = self.built[id(node)] = self.convert(_plain(node), depth + 1)
            return made
        if isinstance(node, Global):
            return _torch_constant(node)
        return node.to_bytes() if isinstance(node, Encoded) else None


def _key(key: Any) -> Any:
    return repr(key) if isinstance(key, (Opaque, Global)) else key


def _plain(node: Instance) -> Any:
    """Return what an object of a foreign class holds: pairs, items, attributes or arguments."""
    if node.pairs:
        return node.pairs
    state = node.attributes()
    name = node.class_path.rpartition(".")[2]
    if isinstance(state.get("data"), dict) and (name in _HOLDERS or set(state) == {"data"}):
        return state["data"]
    if state:
        return {key: value for key, value in state.items() if not str(key).startswith("__")}
    if node.items is not None:
        return node.items
    return node.args if len(node.args) != 1 else node.args[0]


def _torch_constant(named: Global) -> Any:
    """Return a torch dtype; another class is only its name."""
    import torch

    if named.module == "torch" and element_type(named.name) is not None:
        return getattr(torch, named.name, named.path)
    return named.path
