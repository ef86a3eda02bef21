"""Whether the bytes of an archive still have the checksums that were written with them."""

from __future__ import annotations

import zlib

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import ByteRange
from nandoctor.checkpoints.inflate import blocks_of
from nandoctor.evidence import Damage

_ALWAYS_BELOW = 1 << 28


def check_crcs(checkpoint: Checkpoint, *, exact: bool) -> list[Damage]:
    """Return the entries whose checksum is wrong, with the tensors in them.

    torch.load does not check it, so such a file loads with damaged weights. Files of 256 MB and
    more are checked when asked to be exact.
    """
    sums = checkpoint.contents.hints.get("crc", [])
    if not exact and checkpoint.num_bytes >= _ALWAYS_BELOW:
        return []
    bad = [(name, data) for name, data, crc in sums if crc and _is_bad(data, crc)]
    return [Damage(name, _reason(checkpoint, data)) for name, data in bad]


def _is_bad(data: ByteRange, wanted: int) -> bool:
    crc = 0
    try:
        for block in blocks_of(data):
            crc = zlib.crc32(block, crc)
    except ValueError:
        return True
    return crc != wanted


def _reason(checkpoint: Checkpoint, data: ByteRange) -> str:
    names = [h.name for h in checkpoint.tensors if h.ref.data == data]
    inside = f" (holds {', '.join(names[:3])})" if names else ""
    return f"checksum mismatch: its bytes changed after they were written{inside}"
