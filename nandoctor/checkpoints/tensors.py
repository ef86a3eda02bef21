"""torch tensors from the descriptions of a checkpoint; containers of them stand elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.contents import ByteRange, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.inflate import first_bytes
from nandoctor.checkpoints.positioned import open_file, read_into
from nandoctor.checkpoints.views import plan_view
from nandoctor.errors import UnreadableInputError

if TYPE_CHECKING:
    import torch


class TensorBuilder:
    """Builds the tensors of one file."""

    def __init__(self, path: str) -> None:
        self.path = path

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


def _build(
    ref: TensorRef, builder: TensorBuilder, dtype: Any, size: int, parts: int
) -> torch.Tensor:
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


def _sparse(ref: TensorRef, builder: TensorBuilder) -> torch.Tensor:
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


def _assembled(ref: TensorRef, builder: TensorBuilder, dtype: Any) -> torch.Tensor:
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
