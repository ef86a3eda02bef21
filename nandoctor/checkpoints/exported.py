"""torch.export archives (.pt2): the weights that their JSON lists; programs are not looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.archive import Entries, has_entries, read_entries, read_small
from nandoctor.checkpoints.contents import CheckpointFormat, Contents, TensorRef
from nandoctor.errors import UnreadableInputError

_CONFIG = "_weights_config.json"
_MAX_JSON = 1 << 28
# torch._export.serde.schema.ScalarType, which is not torch's own numbering.
_DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32",
    8: "float64", 9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16",
    28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
}  # fmt: skip


def _sniff(path: Path, head: bytes) -> bool:
    return has_entries(path, head, _CONFIG) or has_entries(path, head, "serialized_state_dict.pt")


def _open(path: Path) -> Contents:
    contents = Contents({}, (path,))
    entries = read_entries(path, contents.damage)
    config = next((e for name, e in entries.items() if name.endswith(_CONFIG)), None)
    if config is None:
        raise UnreadableInputError(
            f"{path}: a torch.export archive of before torch 2.8", hint="export it again"
        )
    try:
        listed = json.loads(read_small(config, _MAX_JSON))["config"]
        folder = config.name.rpartition("/")[0]
        model = {name: _weight(entries, folder, entry) for name, entry in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableInputError(
            f"{path}: {config.name} is broken", hint="export it again"
        ) from error
    contents.tree = {"model": model}
    contents.hints["crc"] = [(e.name, e.data, e.crc) for e in entries.values() if e.is_whole]
    return contents


def _weight(entries: Entries, folder: str, entry: Any) -> TensorRef:
    meta = entry["tensor_meta"]
    shape, strides = (tuple(int(n["as_int"]) for n in meta[k]) for k in ("sizes", "strides"))
    found = entries.get(f"{folder}/{entry['path_name']}")
    dtype = _DTYPES.get(meta["dtype"], f"dtype {meta['dtype']}")
    broken = "" if found is not None else f"its entry {entry['path_name']} is not in the file"
    return TensorRef(
        dtype, shape, strides, int(meta["storage_offset"]["as_int"]),
        data=found.data if found else None, is_parameter=entry.get("is_param") is True,
        broken=broken,
    )  # fmt: skip


FORMAT = CheckpointFormat("torch_export", _sniff, _open)
