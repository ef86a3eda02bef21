"""A legacy torch file in a stream, also as the storage within a plain pickle of a tensor."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.contents import ByteRange, Contents
from nandoctor.checkpoints.legacy_storages import LegacyStorages
from nandoctor.checkpoints.pickle_danger import sort_out
from nandoctor.checkpoints.pickle_machine import PickleMachine, no_persistent
from nandoctor.checkpoints.pickle_objects import Encoded, Global, PickleError
from nandoctor.checkpoints.pickle_stream import PickleStream, StreamEndError
from nandoctor.checkpoints.tensor_builders import StorageRef
from nandoctor.evidence import Damage

_MAX_DEPTH = 2


def open_stream(
    data: ByteRange, where: str, contents: Contents, depth: int = 0
) -> dict[str, Global]:
    """Read a legacy file, or one within other bytes, into contents; return the names in it.

    The pickle is run twice: where the storages lie is only known behind it.
    """
    storages = LegacyStorages()
    names: dict[str, Global] = {}
    for is_second in (False, True):
        machine = PickleMachine(PickleStream.over(data), storages, storage_within, depth)
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


def storage_within(arguments: Any, depth: int) -> tuple[Any, list[Global]]:
    """Return (storage, names in the inner file).

    Raises:
        PickleError: Nested deeper than torch ever does, or no torch file within.
    """
    if depth > _MAX_DEPTH:
        raise PickleError("pickles nested in pickles")
    data = arguments[0] if isinstance(arguments, tuple) and arguments else None
    if isinstance(data, Encoded):
        data = data.to_bytes()
    if isinstance(data, bytes):
        data = ByteRange("", 0, len(data), memory=data)
    if not isinstance(data, ByteRange):
        raise PickleError("a nested file without bytes")
    contents = Contents(None, ())
    names = open_stream(data, "nested", contents, depth)
    return contents.tree if isinstance(contents.tree, StorageRef) else None, list(names.values())
