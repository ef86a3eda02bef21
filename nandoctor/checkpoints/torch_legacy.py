"""The files that torch.save wrote before 1.6: pickles in a row, then the bytes of the storages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents
from nandoctor.checkpoints.dtypes import element_type, storage_dtype
from nandoctor.checkpoints.pickle_danger import sort_out
from nandoctor.checkpoints.pickle_machine import PickleMachine
from nandoctor.checkpoints.pickle_objects import Global, PickleError
from nandoctor.checkpoints.pickle_reading import no_persistent, stream_of
from nandoctor.checkpoints.pickle_stream import PickleStream, StreamEndError
from nandoctor.checkpoints.tensor_builders import StorageRef
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


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


def open_stream(
    data: ByteRange, where: str, contents: Contents, depth: int = 0
) -> dict[str, Global]:
    """Read a legacy file, or one within other bytes, into contents; return the names in it.

    The pickle is run twice: where the storages lie is only known behind it.
    """
    storages = LegacyStorages()
    names: dict[str, Global] = {}
    for is_second in (False, True):
        machine = PickleMachine(stream_of(data), storages, depth)
        try:
            machine.load()
            machine.load()
            info = machine.load()
            storages.is_little = (
                not isinstance(info, dict) or info.get("little_endian") is not False
            )
            contents.tree = machine.load()
            if not is_second:
                machine.persistent = no_persistent
                storages.place(machine.load(), machine.stream)
        except (PickleError, StreamEndError) as error:
            if not is_second:
                contents.damage.append(Damage(where, f"the pickle is cut or broken: {error}"))
            else:
                contents.tree = machine.salvage()
        finally:
            machine.stream.close()
        names |= machine.globals
    contents.classes, contents.dangerous = sort_out(list(names))
    return names


def _sniff(path: Path, head: bytes) -> bool:
    return head.startswith(MAGIC)


def _open(path: Path) -> Contents:
    contents = Contents(None, (path,))
    open_stream(ByteRange(str(path), 0, path.stat().st_size), path.name, contents)
    if contents.tree is None:
        raise UnreadableInputError(
            f"{path}: truncated before its first object ends", hint="take the checkpoint before it"
        )
    return contents


FORMAT = CheckpointFormat("torch_legacy", _sniff, _open)
