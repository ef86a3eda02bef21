"""Opening zip archives for the formats that are one; salvage where the directory is gone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from nandoctor.checkpoints.zip_directory import (
    ZipEntry,
    ZipTrickError,
    read_directory,
)
from nandoctor.checkpoints.zip_end import ZipDamageError
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
    stat = path.stat()
    try:
        entries, problem = _entries(path, stat.st_mtime_ns, stat.st_size)
    except ZipTrickError as error:
        raise UnreadableInputError(
            f"{path}: refused, {error}", hint="no framework writes such an archive; get it anew"
        ) from error
    if not entries:
        raise UnreadableInputError(
            f"{path}: {problem} and no entry is whole", hint="the file was cut or overwritten"
        )
    if problem:
        whole = sum(entry.is_whole for entry in entries.values())
        damage.append(Damage(path.name, f"truncated or corrupt: {problem}; {whole} entries whole"))
    return dict(entries)


@lru_cache(maxsize=4)
def _entries(path: Path, modified: int, size: int) -> tuple[dict[str, ZipEntry], str]:
    """Return (entries, what is wrong with the directory); cached for one state of the file."""
    try:
        return read_directory(path), ""
    except ZipDamageError as error:
        return salvage_entries(path), str(error)


def has_entries(path: Path, head: bytes, *wanted: str) -> bool:
    """Whether a file is a zip archive that holds an entry ending in each of these."""
    if not head.startswith(ZIP_MAGIC):
        return False
    stat = path.stat()
    try:
        names = list(_entries(path, stat.st_mtime_ns, stat.st_size)[0])
    except ZipTrickError:
        return wanted[0].encode() in head or b".npy" in head
    return all(any(name.endswith(end) for name in names) for end in wanted)


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
