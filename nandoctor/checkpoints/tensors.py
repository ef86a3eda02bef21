"""torch tensors, and containers of them, from the descriptions of a checkpoint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.inflate import first_bytes
from nandoctor.checkpoints.pickle_objects import Encoded, Global, Instance, Opaque
from nandoctor.checkpoints.positioned import open_file, read_into
from nandoctor.checkpoints.regions import as_tensor
from nandoctor.checkpoints.views import plan_view
from nandoctor.errors import UnreadableInputError

if TYPE_CHECKING:
    import torch

_MAX_DEPTH = 200
_HOLDERS = ("BatchEncoding", "BatchFeature", "UserDict", "BatchProcessor")


class Builder:
    """Builds torch objects of one file; a node that occurs twice is built once."""

    def __init__(self, path: str) -> None:
        self.path = path
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

    def tensor(self, ref: TensorRef, name: str) -> torch.Tensor:
        """Return one tensor.

        Raises:
            UnreadableInputError: Its bytes are not all there.
        """
        import torch

        if ref.broken:
            raise UnreadableInputError(
                f"{self.path}: {name}: {ref.broken}", hint="take the checkpoint before it"
            )
        kind = element_type(ref.dtype)
        dtype = getattr(torch, kind.name if kind else "", None)
        if kind is None or dtype is None:
            raise UnreadableInputError(f"{self.path}: {name}: dtype {ref.dtype} is not known here")
        try:
            return _build(ref, self, dtype, kind.size, kind.parts)
        except (ValueError, RuntimeError, TypeError) as error:
            raise UnreadableInputError(f"{self.path}: {name}: {str(error)[:200]}") from error


def _build(ref: TensorRef, builder: Builder, dtype: Any, size: int, parts: int) -> torch.Tensor:
    import torch

    if ref.sparse is not None:
        return _sparse(ref, builder)
    if ref.pieces:
        return _assembled(ref, builder, dtype)
    if ref.data is None:
        return torch.empty(ref.shape, dtype=dtype, device="meta")
    if not ref.numel:
        return torch.empty(ref.shape, dtype=dtype)
    plan = plan_view(ref, _kind(ref))
    span = 1 + sum((n - 1) * s for n, s in zip(plan.sizes, plan.strides, strict=True))
    raw = read_bytes(ref.data, ref.offset * size, span * size)
    if ref.swapped:
        import numpy as np

        raw = bytearray(np.frombuffer(raw, f"V{size // parts}").byteswap().tobytes())
    strides = ref.strides if ref.strides is not None else None
    if ref.scale is not None:
        base = {"qint8": torch.int8, "quint8": torch.uint8, "qint32": torch.int32}[ref.dtype]
        whole = torch.frombuffer(raw, dtype=base)
        whole = whole.as_strided(ref.shape, strides) if strides else whole.reshape(ref.shape)
        quantise = torch._make_per_tensor_quantized_tensor
        return quantise(whole.contiguous(), ref.scale[0], ref.scale[1])
    flat = torch.frombuffer(raw, dtype=dtype)
    tensor = flat.as_strided(ref.shape, strides) if strides is not None else flat.reshape(ref.shape)
    tensor = tensor.conj().resolve_conj() if ref.is_conjugated else tensor
    return -tensor if ref.is_negated else tensor


def _kind(ref: TensorRef) -> Any:
    return element_type(ref.dtype)


def _sparse(ref: TensorRef, builder: Builder) -> torch.Tensor:
    import torch

    assert ref.sparse is not None
    layout, indices, values = ref.sparse
    tables = [builder.tensor(table, "indices") for table in indices]
    data = builder.tensor(values, "values")
    if layout.endswith("sparse_coo"):
        return torch.sparse_coo_tensor(tables[0], data, ref.shape, check_invariants=True)
    made = torch.sparse_compressed_tensor(
        tables[0], tables[1], data, ref.shape,
        layout=getattr(torch, layout.rpartition(".")[2]), check_invariants=True,
    )  # fmt: skip
    return made


def _assembled(ref: TensorRef, builder: Builder, dtype: Any) -> torch.Tensor:
    import torch

    whole = torch.empty(ref.shape, dtype=dtype)
    for origin, piece in ref.pieces:
        part = builder.tensor(piece, "shard")
        if len(origin) == 1 != len(ref.shape):
            whole.view(-1)[origin[0] : origin[0] + part.numel()] = part.reshape(-1)
            continue
        place = tuple(slice(o, o + n) for o, n in zip(origin, piece.shape, strict=True))
        whole[place] = part
    return whole


def read_bytes(data: ByteRange, start: int, size: int) -> bytearray:
    """Return bytes of a range.

    Raises:
        ValueError: The file ends before.
    """
    if data.memory is not None:
        return bytearray(memoryview(data.memory)[start : start + size])
    if data.packed is not None:
        raw = bytearray(first_bytes(data, start + size)[start:])
        done = len(raw)
    else:
        raw, fd = bytearray(size), open_file(data.path)
        try:
            done = read_into(fd, memoryview(raw), data.start + start)
        finally:
            os.close(fd)
    if done < size:
        raise ValueError("truncated: the file ends before its last element")
    return raw


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
