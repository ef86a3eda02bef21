"""Whether the bytes of an archive still have the checksums that were written with them."""

from __future__ import annotations

import zlib

from nandoctor.checkpoints.checkpoint import Checkpoint
from nandoctor.checkpoints.contents import ByteRange
from nandoctor.evidence import Damage

_ALWAYS_BELOW = 1 << 28
_CHUNK = 1 << 20


def check_crcs(checkpoint: Checkpoint, *, exact: bool) -> list[Damage]:
    """Return the entries whose checksum is wrong, with the tensors in them.

    torch.load does not check it, so such a file loads with damaged weights. Files of 256 MB and
    more are checked when asked to be exact.
    """
    sums = checkpoint.contents.hints.get("crc", [])
    if not exact and checkpoint.num_bytes >= _ALWAYS_BELOW:
        return []
    bad = [(name, data) for name, data, crc in sums if crc and _crc(data) != crc]
    return [Damage(name, _reason(checkpoint, data)) for name, data in bad]


def _crc(data: ByteRange) -> int:
    left, crc = data.size if data.packed is None else data.packed, 0
    inflate = zlib.decompressobj(-15) if data.packed is not None else None
    with open(data.path, "rb") as file:  # noqa: PTH123
        file.seek(data.start)
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            left -= len(chunk)
            crc = zlib.crc32(inflate.decompress(chunk) if inflate else chunk, crc)
    return crc


def _reason(checkpoint: Checkpoint, data: ByteRange) -> str:
    names = [h.name for h in checkpoint.tensors if h.ref.data == data]
    inside = f" (holds {', '.join(names[:3])})" if names else ""
    return f"checksum mismatch: its bytes changed after they were written{inside}"
