"""The zip files that torch.save has written since 1.6; their pickle is read, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints.archive import (
    Entries,
    find_entry,
    has_entries,
    read_entries,
    read_small,
)
from nandoctor.checkpoints.contents import CheckpointFormat, Contents
from nandoctor.checkpoints.dtypes import element_type, storage_dtype
from nandoctor.checkpoints.pickle_objects import Global
from nandoctor.checkpoints.pickle_reading import read_pickle
from nandoctor.checkpoints.tensor_builders import StorageRef
from nandoctor.checkpoints.zip_directory import ZipEntry
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage


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


def _sniff(path: Path, head: bytes) -> bool:
    is_part = path.suffix == ".distcp"  # archives in a row, which only their directory explains
    return not is_part and has_entries(path, head, "data.pkl")


def open_archive(path: Path, folder: str = "data") -> Contents:
    """Open the data.pkl of an archive and whatever it names."""
    damage: list[Damage] = []
    entries = read_entries(path, damage)
    first = next(iter(entries)).partition("/")[0]
    pickled = entries.get(f"{first}/data.pkl") or find_entry(entries, "data.pkl")
    if pickled is None or pickled.data.packed is not None:
        raise UnreadableInputError(
            f"{path}: a zip archive without a readable data.pkl", hint="it is no torch checkpoint"
        )
    contents = Contents(None, (path,), damage=damage)
    read_tree(entries, pickled, contents, folder)
    contents.hints["crc"] = [(e.name, e.data, e.crc) for e in entries.values() if e.is_whole]
    return contents


def read_tree(
    entries: Entries, pickled: ZipEntry, contents: Contents, folder: str = "data"
) -> None:
    """Read the pickle of an archive into contents."""
    root = pickled.name.removesuffix("data.pkl")
    order = read_small(entries.get(f"{root}byteorder"))
    storages = ArchiveStorages(entries, root, folder, swapped=order == b"big")
    tree, classes, dangerous = read_pickle(pickled.data, pickled.name, storages, contents.damage)
    contents.tree = tree
    contents.classes = tuple(dict.fromkeys((*contents.classes, *classes)))
    contents.dangerous = tuple(dict.fromkeys((*contents.dangerous, *dangerous)))


FORMAT = CheckpointFormat("torch", _sniff, open_archive)
