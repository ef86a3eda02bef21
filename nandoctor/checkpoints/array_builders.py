"""How numpy's pickles describe arrays and scalars; object arrays stay unread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.pickle_objects import Encoded, Instance

_PLAIN = {"f", "i", "u", "b", "c"}


def numpy_dtype(described: Any) -> np.dtype[Any]:
    """Return the dtype that a pickled one describes.

    Raises:
        TypeError: It is none, or one with objects, fields or text.
    """
    code = described.args[0] if isinstance(described, Instance) and described.args else described
    if not isinstance(code, str) or code[:1] not in _PLAIN or len(code) > 4:
        raise TypeError("no plain dtype")
    dtype = np.dtype(code)
    state = described.state if isinstance(described, Instance) else None
    if isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
        dtype = dtype.newbyteorder(">")
    return dtype


def array_ref(array: Instance) -> TensorRef | None:
    """Return the tensor that a pickled ``numpy.ndarray`` describes, None where it is not plain."""
    state = array.state
    if array.class_path != "numpy.ndarray" or not isinstance(state, tuple) or len(state) != 5:
        return None
    try:
        return _described(state[4], state[2], state[1], is_fortran=bool(state[3]))
    except (TypeError, ValueError):
        return None


def _described(data: Any, dtype: Any, shape: Any, *, is_fortran: bool) -> TensorRef:
    kind = numpy_dtype(dtype)
    if element_type(kind.name) is None or not all(type(s) is int and s >= 0 for s in shape):
        raise TypeError("no plain array")
    if isinstance(data, Encoded):
        data = data.to_bytes()
    if isinstance(data, str):
        data = data.encode()
    if isinstance(data, bytes):
        data = ByteRange("", 0, len(data), memory=data)
    if not isinstance(data, ByteRange):
        raise TypeError("no bytes")
    strides = fortran_strides(shape) if is_fortran else None
    return TensorRef(
        kind.name, tuple(shape), strides, data=data, swapped=kind.newbyteorder("=") != kind
    )


def fortran_strides(shape: Any) -> tuple[int, ...]:
    """Return the strides, in elements, of an array whose first index moves fastest."""
    strides, step = [], 1
    for size in shape:
        strides.append(step)
        step *= size
    return tuple(strides)


def _reconstruct(cls: Any, shape: Any = (), code: Any = b"") -> Instance:
    return Instance(cls, (shape,))


def _scalar(dtype: Any, data: Any = b"") -> Any:
    if isinstance(data, Encoded):
        data = data.to_bytes()
    return np.frombuffer(data, dtype=numpy_dtype(dtype), count=1)[0].item()


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> TensorRef:
    return _described(data, dtype, shape, is_fortran=order == "F")


ARRAY_BUILDERS: dict[str, Callable[..., Any]] = {
    "numpy.dtype": lambda code, align=False, copy=False: Instance("dtype", (code,)),
    **{
        f"{home}.multiarray.{name}": builder
        for home in ("numpy.core", "numpy._core")
        for name, builder in (("_reconstruct", _reconstruct), ("scalar", _scalar))
    },
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy._core.numeric._frombuffer": _from_buffer,
}
