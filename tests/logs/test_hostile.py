"""Damaged and hostile files end in a NandoctorError or in counted lines, never in a crash."""

from __future__ import annotations

import bz2
import gzip
import lzma
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.logs import LOG_FORMATS, is_log, read_events, read_log
from tests.logs.excerpts import EXCERPTS

NASTY = st.sampled_from(
    [b"nan", b"1e999", b"-inf", b"9" * 40, b"\r\r", b"\0", b'{"a":' * 50, b'"', b"|", b"\n\n",
     b"1/0", b"1e-400", b"0x1p3", b",,,,", b"\xff\xfe", b"\x1b[31m", b"[=", b"loss: "]
)  # fmt: skip
SEEDS = st.sampled_from([excerpt.text.encode() for excerpt in EXCERPTS])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An excerpt with pieces cut out, doubled or overwritten; sometimes cut off, or zipped."""
    data = draw(SEEDS)
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 120))
        piece = draw(
            st.one_of(NASTY, st.binary(max_size=12), st.just(data[start : start + length]))
        )
        data = data[:start] + piece + data[start + length :]
    if draw(st.integers(0, 9)) == 0:
        pack = draw(st.sampled_from([gzip.compress, bz2.compress, lzma.compress]))
        data = pack(data)[: draw(st.integers(1, 400))]
    return data


def _survives(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.log"
        path.write_bytes(data)
        for read in (read_log, read_events, is_log):
            try:
                read(str(path))
            except NandoctorError as error:
                assert str(path) in error.message
        for form in LOG_FORMATS:
            try:
                read_log(str(path), format=form.name)
            except NandoctorError as error:
                assert "\n" not in error.message


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(damaged(), st.binary(max_size=2000)))
def test_readers_of_damaged_bytes_raise_nothing_but_nandoctor_errors(data: bytes) -> None:
    """Every reader, forced or chosen, survives damaged excerpts and random bytes."""
    _survives(data)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(damaged(), st.binary(max_size=5000)))
def test_readers_of_many_damaged_files_raise_nothing_but_nandoctor_errors(data: bytes) -> None:
    """The same, for longer."""
    _survives(data)


@pytest.mark.parametrize("form", LOG_FORMATS, ids=lambda form: form.name)
def test_read_log_of_foreign_text_as_any_format_is_one_clear_error(
    form: object, tmp_path: Path
) -> None:
    """Prose read as any format gives one error that names the file."""
    path = tmp_path / "notes.md"
    path.write_text("# Notes\n\nNothing was trained today.\n")
    with pytest.raises(NandoctorError, match=r"notes\.md"):
        read_log(str(path), format=getattr(form, "name", ""))


@pytest.mark.parametrize("content", [b"", b"\n\n", b" "])
def test_read_log_of_an_empty_file_says_so(content: bytes, tmp_path: Path) -> None:
    """An empty log is an error with the file's name, and no events."""
    path = tmp_path / "empty.log"
    path.write_bytes(content)
    with pytest.raises(UnreadableInputError, match=r"empty\.log: empty"):
        read_log(str(path))
    assert read_events(str(path)) == ()
    assert not is_log(str(path))


def test_read_log_of_a_missing_file_says_so(tmp_path: Path) -> None:
    """A wrong path is one line, with a hint."""
    with pytest.raises(UnreadableInputError, match="no such file") as caught:
        read_log(str(tmp_path / "nowhere.log"))
    assert caught.value.hint


def test_read_log_of_a_cut_off_archive_keeps_what_was_whole(tmp_path: Path) -> None:
    """A gzip file without its end gives the rows before it, and counts the damage."""
    text = "".join(
        f"step {step} loss {1 / step:.9f} seed {step**7 % 9973}\n" for step in range(1, 9000)
    )
    path = tmp_path / "train.log.gz"
    path.write_bytes(gzip.compress(text.encode())[:-3000])
    log = read_log(str(path))
    assert 100 < len(log.history) < 8999
    assert log.num_unread >= 1
    with pytest.raises(NandoctorError, match="could not be read"):
        read_log(str(path), strict=True)


def test_read_log_of_deep_json_is_an_error(tmp_path: Path) -> None:
    """Nesting beyond the parser's stack is refused, not followed."""
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"loss":' * 200_000)
    with pytest.raises(UnreadableInputError):
        read_log(str(path))


@pytest.mark.slow
def test_read_log_of_one_huge_line_counts_it_and_reads_the_rest(tmp_path: Path) -> None:
    """A line of 100 MB is dropped and counted; line numbers stay right behind it."""
    path = tmp_path / "huge.log"
    with path.open("wb") as file:
        file.write(b"step 1 loss 2.5\nstep 2 loss 2.4\n")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b"\nstep 3 loss 2.3\n")
    log = read_log(str(path))
    assert log.history.step.tolist() == [1, 2, 3]
    assert log.history.line.tolist() == [1, 2, 4]
    assert log.num_unread == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [b'{"loss": [1', b"step,loss\n1,2.5\n2,2.4\n3,1", b"[", b"loss 1"]
)
def test_readers_of_one_endless_line_stay_small(start: bytes, tmp_path: Path) -> None:
    """100 MB without a line's end, as JSON, as a table or as text: an error or rows, in bounds."""
    path = tmp_path / "endless.log"
    with path.open("wb") as file:
        file.write(start)
        for _ in range(100):
            file.write(b",1" * (1 << 19))
    code = (
        "import sys\nfrom resource import RLIMIT_AS, setrlimit\n"
        "setrlimit(RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from nandoctor.errors import NandoctorError\n"
        "from nandoctor.logs import is_log, read_events, read_log\n"
        "for read in (read_log, read_events, is_log):\n"
        "    try:\n        read(sys.argv[1])\n    except NandoctorError:\n        pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
