"""Single .safetensors files: a JSON header that says where each tensor lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage

_MAX_HEADER = 100_000_000
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E8M0": "float8_e8m0fnu", "C64": "complex64",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64",
    "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "F4": "float4_e2m1fn_x2",
}  # fmt: skip


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the header and the place of the first tensor byte.

    Raises:
        UnreadableInputError: No whole header.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER):
            raise UnreadableInputError(
                f"{path}: its safetensors header announces {length} bytes, the file has {size}",
                hint="the file was cut or its first bytes were overwritten",
            )
        raw = file.read(length)
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            f"{path}: its safetensors header is no JSON", hint="its first bytes were overwritten"
        ) from error
    if not isinstance(header, dict):
        raise UnreadableInputError(f"{path}: its safetensors header is no mapping")
    return header, 8 + length


def tensor_refs(path: Path, damage: list[Damage]) -> tuple[dict[str, TensorRef], dict[str, Any]]:
    """Return the tensors of one file by name, and its metadata."""
    header, start = read_header(path)
    metadata = header.pop("__metadata__", {})
    end = path.stat().st_size
    refs: dict[str, TensorRef] = {}
    for name, entry in header.items():
        try:
            ref = _described(str(path), entry, start, end)
        except (KeyError, TypeError, ValueError, IndexError):
            damage.append(
                Damage(str(name)[:200], f"{path.name}: its entry in the header is broken")
            )
            continue
        refs[name] = ref
    return refs, metadata if isinstance(metadata, dict) else {}


def _described(path: str, entry: Any, start: int, end: int) -> TensorRef:
    shape = tuple(entry["shape"])
    first, last = entry["data_offsets"]
    if not all(type(n) is int and n >= 0 for n in (*shape, first, last)) or last < first:
        raise ValueError("sizes")
    dtype = _DTYPES.get(entry["dtype"])
    if dtype is None:
        return TensorRef(str(entry["dtype"])[:32], shape, broken="its dtype is not known")
    if dtype.endswith("_x2") and shape:
        shape = (*shape[:-1], shape[-1] // 2)  # as torch counts them: two elements a byte
    kind = element_type(dtype)
    plain = TensorRef(dtype, shape, data=ByteRange(path, start + first, last - first))
    size = plain.numel * (kind.size if kind else 1)
    broken = ""
    if size != last - first:
        broken = f"wrong size: its shape needs {size} bytes, the header gives it {last - first}"
    elif start + last > end:
        broken = f"truncated: {max(0, end - start - first)} of {size} bytes are in the file"
    return TensorRef(dtype, shape, data=plain.data, broken=broken)


def is_safetensors(head: bytes) -> bool:
    """Whether a file begins like a safetensors file: a length, then a JSON object."""
    return len(head) >= 9 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < _MAX_HEADER


def _sniff(path: Path, head: bytes) -> bool:
    return is_safetensors(head)


def _open(path: Path) -> Contents:
    damage: list[Damage] = []
    refs, metadata = tensor_refs(path, damage)
    tree: dict[str, Any] = {"model": refs}
    tree.update({key: _number(text) for key, text in metadata.items() if key != "format"})
    return Contents(tree, (path,), damage=damage)


def _number(text: Any) -> Any:
    """Return the number that a metadata text spells; metadata are always text."""
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text


FORMAT = CheckpointFormat("safetensors", _sniff, _open)
