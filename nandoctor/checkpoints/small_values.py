"""Numbers out of tensors so small that reading them costs nothing; larger ones stay unread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.contents import TensorRef
from nandoctor.checkpoints.dtypes import byte_table, element_type
from nandoctor.checkpoints.regions import as_tensor

_LIMIT = 1 << 16
_HUGE = 1 << 1000
_ABSURD = 2.0**53
"""No count of steps or samples: a float does not tell it from its neighbour."""


def small_array(node: Any) -> NDArray[np.float64] | None:
    """Return the values of a small contiguous tensor as float64, None where it is none."""
    ref = as_tensor(node)
    if ref is None or ref.data is None or ref.broken or ref.numel > _LIMIT:
        return None
    kind = element_type(ref.dtype)
    if kind is None or kind.parts != 1 or kind.family == "opaque" or ref.data.packed is not None:
        return None
    try:
        raw = _bytes(ref, kind.size)
    except OSError:
        return None
    if len(raw) < ref.numel * kind.size:
        return None
    return decode(raw, ref.dtype, swapped=ref.swapped)[: ref.numel]


def _bytes(ref: TensorRef, size: int) -> bytes:
    if ref.data is None:
        return b""
    start, length = ref.offset * size, ref.numel * size
    if ref.data.memory is not None:
        return bytes(memoryview(ref.data.memory)[start : start + length])
    with open(ref.data.path, "rb") as file:  # noqa: PTH123
        file.seek(ref.data.start + start)
        return file.read(length)


def decode(
    raw: bytes | NDArray[np.uint8], dtype: str, *, swapped: bool = False
) -> NDArray[np.float64]:
    """Return numbers of any real dtype as float64."""
    kind = element_type(dtype)
    order = ">" if swapped else "<"
    if kind is None or kind.size == 1:
        name = kind.base if kind else "uint8"
        values: NDArray[np.float64] = byte_table(name)[np.frombuffer(raw, np.uint8)]
        return values
    if dtype == "bfloat16":
        bits = np.frombuffer(raw, f"{order}u2").astype(np.uint32) << 16
        return bits.view(np.float32).astype(np.float64)
    code = {"float": "f", "integer": "u" if dtype.startswith("u") else "i"}[kind.family]
    return np.frombuffer(raw, f"{order}{code}{kind.size}").astype(np.float64)


def number(node: Any) -> float | None:
    """Return a plain number, or the only element of a tensor; None for everything else."""
    if isinstance(node, (int, float)) and not isinstance(node, bool):
        return float(node) if isinstance(node, float) or abs(node) < _HUGE else None
    values = small_array(node)
    return float(values.reshape(-1)[0]) if values is not None and values.size == 1 else None


def whole(node: Any) -> int | None:
    """Return a whole number as int, None for everything else."""
    value = number(node)
    is_whole = value is not None and abs(value) < _ABSURD and value == int(value)
    return int(value) if is_whole and value is not None else None
