"""Following a growing log: whole lines only, each run on its own, rotation, files not yet there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from nandoctor.errors import UnreadableInputError
from nandoctor.pipeline import Watched, follow, look

CALM = [f"{step},{2.0 + 0.01 * (step % 3)}\n" for step in range(40)]
CLIMB = [f"{40 + step},{2.0 * 1.3**step}\n" for step in range(20)]
HEADER = "step,loss\n"


class EndOfWatchError(Exception):
    """The script of a test has ended."""


def watched(
    path: Path, scenes: Sequence[Callable[[], object]], wait: bool = False
) -> Iterator[Watched]:
    """Yield what is seen while one scene after the other happens between two looks."""
    rest = list(scenes)

    def sleep(_: float) -> None:
        if not rest:
            raise EndOfWatchError
        rest.pop(0)()

    try:
        yield from follow(path, sleep=sleep, wait=wait)
    except EndOfWatchError:
        return


def text(*rows: str) -> str:
    """Return a CSV of these rows."""
    return HEADER + "".join(rows)


def appended(path: Path, more: str) -> Callable[[], object]:
    """Return a scene that adds to the log."""
    return lambda: path.write_text(path.read_text() + more)


def idle() -> None:
    """Do nothing between two looks."""


def test_follow_half_a_number_at_the_end_waits_for_the_rest(tmp_path: Path) -> None:
    """A loss cut off by the look (``2`` of ``2.01``) is not taken for a loss."""
    log = tmp_path / "log.csv"
    log.write_text(text(*CALM, "40,2"))
    seen = list(watched(log, [appended(log, ".01\n")]))
    assert [len(each.history) for each in seen] == [40, 41]
    assert seen[-1].history.columns["loss"].values[-1] == 2.01


def test_follow_last_line_without_an_end_counts_once_the_file_stands_still(tmp_path: Path) -> None:
    """A log whose job died in the last line is read to its end."""
    log = tmp_path / "log.csv"
    log.write_text(text(*CALM, "40,nan"))
    seen = list(watched(log, [idle, idle, idle]))
    assert [len(each.history) for each in seen] == [40, 41]
    assert seen[-1].alarms == (40,)


@pytest.mark.parametrize("count", [10, 60])
def test_follow_rotated_log_is_read_as_a_new_one(tmp_path: Path, count: int) -> None:
    """A log that is cut or replaced starts afresh, be it shorter or longer than before."""
    log = tmp_path / "log.csv"
    log.write_text(text(*CALM))
    rows = [f"{step},{9.0 - 0.01 * step}\n" for step in range(count)]
    seen = list(watched(log, [log.unlink, idle, lambda: log.write_text(text(*rows))]))
    assert [each.is_fresh for each in seen] == [False, True]
    assert len(seen[-1].history) == count
    assert seen[-1].outlook.level == "calm"


def test_follow_restart_in_the_same_file_is_no_rise(tmp_path: Path) -> None:
    """The high losses of a second run in the file are its beginning, not a divergence."""
    log = tmp_path / "log.csv"
    log.write_text(text(*CALM))
    again = "".join(f"{step},{60.0 - step}\n" for step in range(30))
    assert [each.alarms for each in watched(log, [appended(log, again)])] == [(), ()]


def test_follow_climb_alarms_once_at_the_step_that_look_names(tmp_path: Path) -> None:
    """Row by row and at one look the alarm stands at the same step."""
    log = tmp_path / "log.csv"
    log.write_text(text(*CALM))
    seen = list(watched(log, [appended(log, row) for row in CLIMB]))
    alarms = [step for each in seen for step in each.alarms]
    assert len(alarms) == 1
    assert look(log).alarms == tuple(alarms)


def test_follow_missing_file_is_waited_for_on_request_only(tmp_path: Path) -> None:
    """A job that has not started has no log yet; a mistyped name should not hang."""
    log = tmp_path / "log.csv"
    with pytest.raises(UnreadableInputError):
        next(follow(log))
    seen = list(watched(log, [idle, lambda: log.write_text(text(*CALM))], wait=True))
    assert len(seen[0].history) == 40


def test_follow_standard_input_is_refused() -> None:
    """A stream cannot be read again from its start."""
    with pytest.raises(UnreadableInputError, match="standard input"):
        next(follow(Path("-"), wait=True))


def test_look_empty_file_is_refused(tmp_path: Path) -> None:
    """One look at a file without a row ends, it does not wait."""
    log = tmp_path / "log.csv"
    log.write_text("")
    with pytest.raises(UnreadableInputError):
        look(log)
