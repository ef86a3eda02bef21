"""The files that torch.save wrote before 1.6: pickles in a row, then the bytes of the storages."""

from __future__ import annotations

from pathlib import Path

from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents
from nandoctor.checkpoints.legacy_stream import open_stream
from nandoctor.errors import UnreadableInputError

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


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
