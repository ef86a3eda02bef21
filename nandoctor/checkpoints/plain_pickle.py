"""Files written by ``pickle.dump``: arrays and tensors in them are found, nothing is run."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents
from nandoctor.checkpoints.legacy_stream import storage_within
from nandoctor.checkpoints.pickle_machine import PickleMachine, no_persistent
from nandoctor.checkpoints.pickle_objects import PickleError
from nandoctor.checkpoints.pickle_reading import read_pickle
from nandoctor.checkpoints.pickle_stream import PickleStream, StreamEndError
from nandoctor.errors import UnreadableInputError


def _sniff(path: Path, head: bytes) -> bool:
    if head[:1] == b"\x80":
        return len(head) > 2 and head[1] <= 5 and _runs(head, path)
    return head[:1] in (b"(", b"]", b"}", b"c", b"d", b"l") and _runs(head, path)


def _runs(head: bytes, path: Path) -> bool:
    """Whether the first bytes run as a pickle: to its end, or to the end of what was read."""
    machine = PickleMachine(PickleStream.of_bytes(head, path.name), no_persistent, storage_within)
    try:
        machine.load()
    except StreamEndError:
        return head[:1] == b"\x80" or bool(machine.globals)
    except PickleError:
        return head[:1] == b"\x80" and machine.stream.position > 64
    return True


def _open(path: Path) -> Contents:
    contents = Contents(None, (path,))
    data = ByteRange(str(path), 0, path.stat().st_size)
    contents.tree, contents.classes, contents.dangerous = read_pickle(
        data, path.name, no_persistent, contents.damage
    )
    if contents.tree is None and contents.damage:
        raise UnreadableInputError(
            f"{path}: {contents.damage[0].reason}", hint="take the checkpoint before it"
        )
    return contents


FORMAT = CheckpointFormat("pickle", _sniff, _open)
