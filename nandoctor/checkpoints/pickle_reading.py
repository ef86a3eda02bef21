"""One pickle stream from end to end: its tree, its classes, its dangers, and how far it got."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.legacy_stream import storage_within
from nandoctor.checkpoints.pickle_danger import sort_out
from nandoctor.checkpoints.pickle_machine import PickleMachine
from nandoctor.checkpoints.pickle_objects import PickleError
from nandoctor.checkpoints.pickle_stream import PickleStream, StreamEndError
from nandoctor.evidence import Damage

_MAX_HIDDEN = 16


def read_pickle(
    data: ByteRange, where: str, persistent: Any, damage: list[Damage]
) -> tuple[Any, tuple[str, ...], tuple[str, ...]]:
    """Return (tree, classes, dangerous globals); of a cut pickle, what it holds so far."""
    machine = PickleMachine(PickleStream.over(data), persistent, storage_within)
    try:
        tree = machine.load()
        if machine.stream.left:
            left = machine.stream.left
            damage.append(Damage(where, f"{left} bytes follow the end of the pickle"))
            look_behind(machine)
    except (PickleError, StreamEndError) as error:
        damage.append(Damage(where, f"the pickle is cut or broken: {error}"))
        tree = machine.salvage()
    finally:
        machine.stream.close()
    classes, dangerous = sort_out(list(machine.globals))
    return tree, classes, dangerous


def look_behind(machine: PickleMachine) -> None:
    """Run over pickles hidden behind the first, only for the names in them."""
    try:
        for _ in range(_MAX_HIDDEN):
            if not machine.stream.left:
                return
            machine.load()
    except (PickleError, StreamEndError):
        return
