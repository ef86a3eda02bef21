"""Compressed logs: every kind, several members, wrong names, and archives that break off."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.errors import UnreadableInputError
from nandoctor.logs import read_events, read_log
from nandoctor.logs.packed import unpacked

zstandard = pytest.importorskip("zstandard")
TEXT = "".join(
    f"step {step} loss {1 / step:.9f} seed {step**7 % 9973}\n" for step in range(1, 9000)
)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress,
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", PACK)


def _unpack(data: bytes) -> tuple[bytes, bool]:
    stream = unpacked(io.BufferedReader(io.BytesIO(data)))  # type: ignore[arg-type]
    assert stream is not None
    return io.BufferedReader(stream).read(), stream.is_damaged


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(PACK)),
    members=st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
    padding=st.integers(0, 600),
)
def test_unpacked_of_several_members_gives_all_of_them(
    kind: str, members: list[bytes], padding: int
) -> None:
    """Members follow each other, as ``cat a.gz b.gz`` joins them; zeros behind are padding."""
    data = b"".join(map(PACK[kind], members)) + bytes(padding)
    assert _unpack(data) == (b"".join(members), False)


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(sorted(PACK)), share=st.floats(0.01, 0.999))
def test_unpacked_of_a_cut_off_stream_is_a_damaged_prefix(kind: str, share: float) -> None:
    """What is given is a beginning of the whole, and the damage is told."""
    whole = PACK[kind](TEXT.encode())
    found, is_damaged = _unpack(whole[: max(6, int(len(whole) * share))])
    assert TEXT.encode().startswith(found)
    assert is_damaged


@every_kind
def test_read_log_of_any_compression_under_a_wrong_name_equals_plain(
    kind: str, tmp_path: Path
) -> None:
    """The first bytes tell the compression; the name does not matter."""
    path = tmp_path / "train.csv"
    path.write_bytes(PACK[kind](TEXT.encode()))
    assert read_log(str(path)).history.step.tolist() == list(range(1, 9000))
    path.write_bytes(TEXT.encode())
    path.rename(tmp_path / f"train.{kind}")
    assert len(read_log(str(tmp_path / f"train.{kind}")).history) == 8999


@every_kind
def test_read_log_of_a_stream_without_its_last_byte_counts_the_damage(
    kind: str, tmp_path: Path
) -> None:
    """Even a cut in the checksum is told, by the rows' reader and by the events'."""
    path = tmp_path / f"train.log.{kind}"
    path.write_bytes(PACK[kind](TEXT.encode())[:-1])
    log = read_log(str(path))
    assert len(log.history) > 7000
    assert log.num_unread >= 1
    assert [event.kind for event in log.events] == ["cut_off"]
    assert [event.kind for event in read_events(str(path))] == ["cut_off"]


def test_read_log_of_a_whole_stream_tells_no_damage(tmp_path: Path) -> None:
    """Two members are whole: no event, nothing unread."""
    path = tmp_path / "train.log.gz"
    path.write_bytes(gzip.compress(TEXT.encode()) + gzip.compress(b"step 9000 loss 0.1\n"))
    log = read_log(str(path))
    assert (len(log.history), log.num_unread, log.events) == (9000, 0, ())


@every_kind
def test_read_log_of_a_stream_that_holds_nothing_is_an_error(kind: str, tmp_path: Path) -> None:
    """Cut off before its first block, it is said to be so, not to be empty."""
    path = tmp_path / "train.log"
    path.write_bytes(PACK[kind](TEXT.encode())[:12])
    with pytest.raises(UnreadableInputError, match="cut off or damaged"):
        read_log(str(path))


@every_kind
def test_unpacked_of_a_bomb_stays_in_bounds(kind: str) -> None:
    """A small file that holds a large one is unpacked a piece at a time."""
    stream = unpacked(io.BufferedReader(io.BytesIO(PACK[kind](bytes(1 << 25)))))  # type: ignore[arg-type]
    assert stream is not None
    largest = total = 0
    while part := stream.read(1 << 20):
        largest, total = max(largest, len(stream._ready)), total + len(part)
    assert total == 1 << 25
    assert largest <= 1 << 24
