"""Storages that lie as whole torch files within a plain pickle (``pickle.dump`` of a tensor)."""

from __future__ import annotations

from typing import Any

from nandoctor.checkpoints.contents import ByteRange, Contents
from nandoctor.checkpoints.pickle_objects import Encoded, Global, PickleError
from nandoctor.checkpoints.tensor_builders import StorageRef
from nandoctor.checkpoints.torch_legacy import open_stream

_MAX_DEPTH = 2


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
