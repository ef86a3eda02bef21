"""Compressed streams (gzip, bzip2, xz, zstandard) as bytes; one that breaks off ends there and says
so."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from nandoctor.errors import MissingExtraError

_PIECE = 1 << 11
"""Compressed bytes that are unpacked at once: few, since those of a piece with damage in it are
lost."""
_ZSTD_PIECE = 1 << 8
"""Of zstandard, whose blocks of 4 bytes may hold 128 KiB."""
_MOST = 1 << 22
"""Bytes that bzip2 and xz give at once: theirs have no other bound."""

_WORTH = 1 << 17


def unpacked(stream: io.BufferedReader) -> Unpacked | None:
    """Return what a compressed stream holds, by its first bytes; None where it is not compressed.

    Raises:
        MissingExtraError: Its library is not installed.
    """
    magic = stream.peek(6)[:6]
    for first, (new, piece) in _KINDS.items():
        if magic.startswith(first):
            return Unpacked(stream, new, piece)
    return None


class Unpacked(io.RawIOBase):
    """The bytes of a compressed stream, whose members follow each other.

    Args:
        stream: Compressed.
        new: Makes a decoder.
        piece: Bytes of the stream that it is given at once.
    """

    def __init__(self, stream: io.BufferedReader, new: Callable[[], Any], piece: int) -> None:
        self.is_damaged = False
        """Whether the stream broke off, or something else stands behind it."""
        self._stream, self._new, self._decoder, self._piece = stream, new, new(), piece
        self._waiting, self._ready = b"", b""
        self._is_over = False

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the next piece goes."""
        if not self._ready:
            self._ready = self._pieces()
        part = self._ready[: len(buffer)]
        self._ready = self._ready[len(part) :]
        buffer[: len(part)] = part
        return len(part)

    def _pieces(self) -> bytes:
        """Unpack pieces until they are worth handing on; empty at the end."""
        parts, size = [], 0
        while size < _WORTH and not self._is_over:
            parts.append(self._unpack())
            size += len(parts[-1])
        return b"".join(parts)

    def _unpack(self) -> bytes:
        piece, self._waiting = self._waiting, b""
        is_hungry = self._decoder.eof or getattr(self._decoder, "needs_input", True)
        if not piece and is_hungry:
            piece = self._stream.read(self._piece)
            self._is_over = not piece
            self.is_damaged = not piece and not self._decoder.eof
        if self._decoder.eof:
            piece = piece.lstrip(b"\0")  # padding
            if piece:
                self._decoder = self._new()
        if self._is_over or self._decoder.eof:
            return b""
        try:
            data = self._decode(piece)
        except Exception:  # each library has an exception class of its own
            self._is_over = self.is_damaged = True
            return b""
        self._waiting = self._decoder.unused_data
        return data

    def _decode(self, piece: bytes) -> bytes:
        has_limit = hasattr(self._decoder, "needs_input")
        data: bytes = self._decoder.decompress(piece, *[_MOST] * has_limit)
        return data


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("zstandard", "zstd") from error
    return zstandard.ZstdDecompressor().decompressobj()


_KINDS: dict[bytes, tuple[Callable[[], Any], int]] = {
    b"\x1f\x8b": (lambda: zlib.decompressobj(wbits=31), _PIECE),
    b"BZh": (bz2.BZ2Decompressor, _PIECE),
    b"\xfd7zXZ\0": (lzma.LZMADecompressor, _PIECE),
    b"\x28\xb5\x2f\xfd": (_zstandard, _ZSTD_PIECE),
}
