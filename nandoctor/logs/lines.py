"""A stream of bytes as numbered lines; a carriage return ends a line too (progress bars), an
overlong one is dropped and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nandoctor.logs.source import LONGEST_LINE, Source


def line_blocks(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Yield (bytes, where the whole lines in them end, lines dropped before them as overlong).

    The end of a dropped line is still there, so that counting ends numbers the lines rightly.
    """
    rest = b""
    dropped = 0
    is_skipping = False
    for block in source.blocks():
        if is_skipping:
            cut = _first_end(block)
            if cut < 0:
                continue
            block, is_skipping = block[cut:], False
        data = rest + block if rest else block
        end = data.rfind(b"\n") + 1 or data.rfind(b"\r") + 1
        if end:
            yield data, end, dropped
            dropped = 0
        rest = data[end:]
        if len(rest) > LONGEST_LINE:
            rest, is_skipping = b"", True
            dropped += 1
    if rest or dropped:
        yield rest, len(rest), dropped


def _first_end(block: bytes) -> int:
    ends = [place for place in (block.find(b"\n"), block.find(b"\r")) if place >= 0]
    return min(ends) if ends else -1


def numbered(
    source: Source, is_wanted: Callable[[bytes], bool] = lambda block: True
) -> Iterator[tuple[int, bytes]]:
    """Yield (1-based line number, line without its end); redraws share a number.

    Args:
        is_wanted: Whether a block of lines is worth looking at; others are only counted.
    """
    number = 1
    for data, end, _ in line_blocks(source):
        block = data[:end]
        if not is_wanted(block):
            number += block.count(b"\n")
            continue
        for whole in block.split(b"\n"):
            for part in whole.replace(b"\x08", b"\r").split(b"\r"):
                if part:
                    yield number, part
            number += 1
        number -= 1
