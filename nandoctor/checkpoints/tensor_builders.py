"""How torch's rebuild functions describe tensors; reads no values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.pickle_objects import Global, Instance

_MAX_DIMS = 64


@dataclass(frozen=True, slots=True, eq=False)
class StorageRef:
    """A storage that a pickle names.

    Args:
        dtype: Of its class; a tensor may read it as another.
        data: None = on the meta device, or lost.
        broken: Why the bytes are not all there.
    """

    dtype: str
    data: ByteRange | None
    swapped: bool = False
    broken: str = ""


def dtype_name(named: Any) -> str:
    """Return ``float32`` for the global ``torch.float32``."""
    if not isinstance(named, Global) or element_type(named.name) is None:
        raise TypeError("no dtype")
    found = element_type(named.name)
    return found.name if found else ""


def _sizes(values: Any) -> tuple[int, ...]:
    sizes = tuple(values)
    if len(sizes) > _MAX_DIMS or not all(type(s) is int and s >= 0 for s in sizes):
        raise ValueError("no sizes")
    return sizes


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> TensorRef:
    if not isinstance(storage, StorageRef) or type(offset) is not int or offset < 0:
        raise TypeError("no storage")
    flags = rest[2] if len(rest) > 2 and isinstance(rest[2], dict) else {}
    return TensorRef(
        dtype=storage.dtype, shape=_sizes(shape), strides=_sizes(strides), offset=offset,
        data=storage.data, swapped=storage.swapped, broken=storage.broken,
        is_negated=flags.get("neg") is True, is_conjugated=flags.get("conj") is True,
    )  # fmt: skip


def _tensor_v3(
    storage: Any, offset: Any, shape: Any, strides: Any, grad: Any, hooks: Any, dtype: Any,
    flags: Any = None,
) -> TensorRef:  # fmt: skip
    return replace(
        _tensor(storage, offset, shape, strides, grad, hooks, flags), dtype=dtype_name(dtype)
    )


def _parameter(data: Any, *rest: Any) -> Any:
    return replace(data, is_parameter=True) if isinstance(data, TensorRef) else data


def _sparse(layout: Any, data: Any) -> TensorRef:
    *indices, values, shape = [d for d in data if not isinstance(d, bool)]
    if not all(isinstance(t, TensorRef) for t in (*indices, values)):
        raise TypeError("no tensors")
    return TensorRef(values.dtype, _sizes(shape), sparse=(str(layout), tuple(indices), values))


def _quantised(storage: Any, offset: Any, shape: Any, strides: Any, how: Any, *_: Any) -> TensorRef:
    plain = _tensor(storage, offset, shape, strides)
    scale = (how[1], how[2]) if all(isinstance(v, (int, float)) for v in how[1:3]) else None
    return replace(plain, scale=scale and (float(scale[0]), int(scale[1])))


def _nested(buffer: Any, *layout: Any) -> TensorRef:
    if not isinstance(buffer, TensorRef):
        raise TypeError("no tensor")
    return buffer


def _meta(dtype: Any, shape: Any, strides: Any = (), *rest: Any) -> TensorRef:
    return TensorRef(dtype_name(dtype), _sizes(shape))


def _wrapper(cls: Any, dtype: Any, shape: Any, *rest: Any) -> TensorRef:
    return TensorRef(dtype_name(dtype), _sizes(shape), broken="a tensor subclass without its data")


def _typed(function: Any, cls: Any, arguments: Any, state: Any) -> Any:
    """Return the plain tensor within a subclass: its local shard or first inner tensor."""
    parts = [p for p in (state if isinstance(state, tuple) else (state,)) if isinstance(p, dict)]
    inner = {key: value for part in parts for key, value in part.items()}
    tensors = [value for value in inner.values() if isinstance(value, TensorRef)]
    local = inner.get("_local_tensor")
    if isinstance(local, TensorRef) or tensors:
        return local if isinstance(local, TensorRef) else tensors[0]
    builder = TENSOR_BUILDERS.get(function.path) if isinstance(function, Global) else None
    return builder(*arguments) if builder else Instance(cls, arguments)


def _device(kind: Any = "cpu", index: Any = None) -> str:
    return f"{str(kind)[:16]}" + (f":{int(index)}" if isinstance(index, int) else "")


def _from_array(data: Any, *rest: Any) -> Any:
    return data


TENSOR_BUILDERS: dict[str, Callable[..., Any]] = {
    "torch.Size": lambda sizes=(): _sizes(sizes),
    "torch.device": _device,
    "torch.serialization._get_layout": lambda name: str(name)[:16],
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_sparse_csr_tensor": _sparse,
    "torch._utils._rebuild_qtensor": _quantised,
    "torch._utils._rebuild_nested_tensor": _nested,
    "torch._utils._rebuild_meta_tensor_no_storage": _meta,
    "torch._utils._rebuild_wrapper_subclass": _wrapper,
    "torch._utils._rebuild_device_tensor_from_numpy": _from_array,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _from_array,
    "torch._tensor._rebuild_from_type": lambda f, cls, args, state: _typed(f, cls, args, state),
    "torch._tensor._rebuild_from_type_v2": _typed,
}
