"""The zip files that torch.save has written since 1.6; their pickle is read, never run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.dtypes import element_type, storage_dtype
from nandoctor.checkpoints.pickle_danger import sort_out
from nandoctor.checkpoints.pickle_machine import PickleMachine
from nandoctor.checkpoints.pickle_objects import Global, PickleError
from nandoctor.checkpoints.pickle_stream import PickleStream, StreamEndError
from nandoctor.checkpoints.tensor_builders import StorageRef
from nandoctor.checkpoints.zip_directory import (
    ZipDamageError,
    ZipEntry,
    ZipTrickError,
    read_directory,
)
from nandoctor.checkpoints.zip_salvage import salvage_entries
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage

ZIP_MAGIC = b"PK\x03\x04"
Entries = Mapping[str, ZipEntry]


def read_entries(path: Path, damage: list[Damage]) -> dict[str, ZipEntry]:
    """Return the entries of an archive, by salvage where its directory is gone.

    Raises:
        UnreadableInputError: Nothing can be salvaged, or the archive is a trick.
    """
    try:
        return read_directory(path)
    except ZipTrickError as error:
        raise UnreadableInputError(
            f"{path}: refused, {error}", hint="no framework writes such an archive; get it anew"
        ) from error
    except ZipDamageError as error:
        entries = salvage_entries(path)
        if not entries:
            raise UnreadableInputError(
                f"{path}: {error} and no entry is whole", hint="the file was cut or overwritten"
            ) from error
        whole = sum(entry.is_whole for entry in entries.values())
        damage.append(
            Damage(path.name, f"truncated or corrupt: {error}; {whole} entries are whole")
        )
        return entries


def find_entry(entries: Entries, name: str) -> ZipEntry | None:
    """Return the entry ``<root>/name`` of the shortest root."""
    fitting = [e for key, e in entries.items() if key == name or key.endswith("/" + name)]
    return min(fitting, key=lambda entry: len(entry.name), default=None)


def read_small(entry: ZipEntry | None, limit: int = 1 << 16) -> bytes:
    """Return the bytes of a small stored entry, empty where there is none."""
    if entry is None or entry.data.packed is not None:
        return b""
    with open(entry.data.path, "rb") as file:  # noqa: PTH123
        file.seek(entry.data.start)
        return file.read(min(entry.data.size, limit))


class ArchiveStorages:
    """Resolves the persistent ids of one archive to places in it."""

    def __init__(self, entries: Entries, root: str, folder: str, *, swapped: bool) -> None:
        self.entries = entries
        self.prefix = f"{root}{folder}/"
        self.swapped = swapped

    def __call__(self, key: Any) -> Any:
        """Return the storage of a persistent id, the id itself where it is none."""
        if not (isinstance(key, tuple) and len(key) >= 5 and key[0] == "storage"):
            return key
        _, kind, name, location, count = key[:5]
        dtype = (storage_dtype(kind.name) if isinstance(kind, Global) else None) or "uint8"
        if location == "meta" or not isinstance(count, int):
            return StorageRef(dtype, None)
        entry = self.entries.get(f"{self.prefix}{name}")
        if entry is None:
            return StorageRef(dtype, None, broken=f"its storage data/{name} is not in the file")
        kind_of = element_type(dtype)
        wanted = count * (kind_of.size if kind_of else 1)
        broken = ""
        if entry.data.packed is not None:
            broken = "its storage is packed, which torch never does"
        elif entry.data.size < wanted:
            broken = f"truncated: {entry.data.size} of {wanted} bytes are in the file"
        return StorageRef(dtype, entry.data, self.swapped, broken)


def read_pickle(
    entry: ZipEntry, persistent: Any, damage: list[Damage]
) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    """Return (tree, classes, dangerous globals) of a pickle entry; what a cut one holds so far."""
    stream = PickleStream(entry.data.path, entry.data.start, entry.data.size)
    machine = PickleMachine(stream, persistent)
    try:
        tree = machine.load()
        if stream.left:
            damage.append(Damage(entry.name, f"{stream.left} bytes follow the end of the pickle"))
            _look_behind(machine)
    except (PickleError, StreamEndError) as error:
        damage.append(Damage(entry.name, f"the pickle is cut or broken: {error}"))
        tree = machine.salvage()
    finally:
        stream.close()
    classes, dangerous = sort_out(list(machine.globals))
    return tree, classes, dangerous


def _look_behind(machine: PickleMachine) -> None:
    """Run over a second pickle, hidden behind the first, for the names in it only."""
    try:
        machine.load()
    except (PickleError, StreamEndError):
        return


def _sniff(path: Path, head: bytes) -> bool:
    return head.startswith(ZIP_MAGIC) and b"data.pkl" in head[:4096]


def _open(path: Path) -> Contents:
    damage: list[Damage] = []
    entries = read_entries(path, damage)
    pickled = find_entry(entries, "data.pkl")
    if pickled is None or pickled.data.packed is not None:
        raise UnreadableInputError(
            f"{path}: a zip archive without a readable data.pkl", hint="it is no torch checkpoint"
        )
    root = pickled.name.removesuffix("data.pkl")
    order = read_small(entries.get(f"{root}byteorder"))
    storages = ArchiveStorages(entries, root, "data", swapped=order == b"big")
    tree, classes, dangerous = read_pickle(pickled, storages, damage)
    contents = Contents(tree, (path,), classes, dangerous, damage)
    contents.hints["crc"] = [(e.name, e.data, e.crc) for e in entries.values() if e.is_whole]
    return contents


FORMAT = CheckpointFormat("torch", _sniff, _open)
