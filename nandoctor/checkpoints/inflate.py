"""Deflated bytes as a stream of bounded blocks: a small entry may unpack to terabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from nandoctor.checkpoints.contents import ByteRange

_BLOCK = 1 << 18


def blocks_of(data: ByteRange) -> Iterator[bytes]:
    """Yield the content of a range, unpacked where it is deflated, a quarter of a MB at a time.

    Raises:
        ValueError: The packed bytes are broken.
    """
    inflate = zlib.decompressobj(-15) if data.packed is not None else None
    left = data.size if data.packed is None else data.packed
    with open(data.path, "rb") as file:  # noqa: PTH123
        file.seek(data.start)
        while left > 0 and (chunk := file.read(min(left, _BLOCK))):
            left -= len(chunk)
            if inflate is None:
                yield chunk
            while inflate is not None and chunk:
                try:
                    yield inflate.decompress(chunk, _BLOCK)
                except zlib.error as error:
                    raise ValueError(f"its packed data are broken: {error}") from error
                chunk = inflate.unconsumed_tail


def first_bytes(data: ByteRange, size: int) -> bytes:
    """Return up to ``size`` first bytes of the unpacked content."""
    parts: list[bytes] = []
    for block in blocks_of(data):
        parts.append(block)
        if sum(map(len, parts)) >= size:
            break
    return b"".join(parts)[:size]
