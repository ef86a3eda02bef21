"""The storages of a legacy torch file: named in its pickles, their bytes behind them."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.dtypes import element_type, storage_dtype
from nandoctor.checkpoints.pickle_objects import Global
from nandoctor.checkpoints.pickle_stream import PickleStream
from nandoctor.checkpoints.tensor_builders import StorageRef


class LegacyStorages:
    """Collects what storages the pickle names; gives them their place once it is known."""

    def __init__(self) -> None:
        self.sizes: dict[str, tuple[str, int]] = {}
        self.places: dict[str, tuple[ByteRange, str]] = {}
        self.is_little = True

    def __call__(self, key: Any) -> Any:
        """Return the storage of a persistent id, the id itself where it is none."""
        if not (isinstance(key, tuple) and len(key) >= 5 and key[0] == "storage"):
            return key
        _, kind, name, location, count = key[:5]
        dtype = (storage_dtype(kind.name) if isinstance(kind, Global) else None) or "uint8"
        if location == "meta" or type(count) is not int or count < 0:
            return StorageRef(dtype, None)
        self.sizes.setdefault(str(name), (dtype, count))
        data, broken = self.places.get(str(name), (None, "its storage is not in the file"))
        view = key[5] if len(key) > 5 else None
        if data is not None and isinstance(view, tuple) and len(view) == 3:
            size = _size(dtype)
            data = data.part(int(view[1]) * size, int(view[2]) * size)
        return StorageRef(dtype, data, not self.is_little, broken)

    def place(self, names: Any, stream: PickleStream) -> None:
        """Walk over the storages behind the pickles: a count, then the elements, each."""
        for name in names if isinstance(names, list) else ():
            dtype, count = self.sizes.get(str(name), ("uint8", 0))
            wanted = count * _size(dtype)
            if stream.left < 8:
                return
            announced = int.from_bytes(stream.take(8), "little") * _size(dtype)
            here = min(wanted, stream.left)
            broken = (
                "" if here == wanted else f"truncated: {here} of {wanted} bytes are in the file"
            )
            if announced != wanted:
                broken = f"wrong size: {announced} bytes announced, {wanted} needed"
            self.places[str(name)] = (stream.skip(here), broken)
            if broken:
                return


def _size(dtype: str) -> int:
    kind = element_type(dtype)
    return kind.size if kind else 1
