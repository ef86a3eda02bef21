"""Following a log that still grows: the forecast after every new row; drawing is not done here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nandoctor import logs
from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.evidence import MetricHistory
from nandoctor.signals import Forecaster, Outlook

FED = ("loss", "grad_norm", "lr", "loss_scale", "update_norm")
Mark = tuple[int, int, bool]  # which file it is, its size, whether its last line has ended


@dataclass(frozen=True, slots=True)
class Watched:
    """The state of a watched log after new rows.

    Args:
        history: All rows so far.
        outlook: The forecast at the last row.
        alarms: Steps at which the alarm level was entered among the new rows.
        is_fresh: The log was replaced or cut since the last look, and is read as a new one.
    """

    history: MetricHistory
    outlook: Outlook
    alarms: tuple[int, ...]
    is_fresh: bool = False


def follow(
    path: Path, *, interval: float = 2.0, sleep: Callable[[float], None] = time.sleep,
    wait: bool = False,
) -> Iterator[Watched]:  # fmt: skip
    """Yield after each change of the file that brought new rows; never ends by itself.

    The file is read again from its start, so that every format can be followed; only rows that
    were not seen before are fed to the forecaster. A last line that is still being written is left
    for the next look; a log that was rotated away is waited for.

    Args:
        interval: Seconds between two looks.
        wait: Wait for a file that does not exist yet.

    Raises:
        UnreadableInputError: The file is missing, or it is standard input.
    """
    if str(path) == "-":
        raise UnreadableInputError("-: standard input cannot be watched", hint="use tee and a file")
    if not wait and not path.exists():
        raise UnreadableInputError(f"{path}: no such file", hint="give --wait to wait for it")
    watch, last, is_held = _Watch(), None, False
    while True:
        mark = mark_of(path)
        if mark is not None and (mark != last or is_held):
            is_whole = mark == last or mark[2]
            history = rows_so_far(path)
            if history is not None and (watched := watch.take(history, is_whole)):
                yield watched
            is_held = not is_whole
        last = mark
        sleep(interval)


def look(path: Path) -> Watched:
    """Return the state of a log as it stands; raises UnreadableInputError without a row in it."""
    history = logs.read_log(str(path)).history
    watched = _Watch().take(history, is_whole=True)
    if watched is None:
        raise UnreadableInputError(f"{path}: no row in it", hint="give the log of a running job")
    return watched


class _Watch:
    """The rows that were fed, and the forecaster of the run that they belong to."""

    def __init__(self) -> None:
        self.history: MetricHistory | None = None
        self.outlook = Outlook("calm", 0.0)
        self.forecaster = Forecaster()
        self.seen = 0

    def take(self, history: MetricHistory, is_whole: bool) -> Watched | None:
        """Feed the rows that are new; None without one."""
        count = len(history) if is_whole else len(history) - 1
        is_fresh = self.history is not None and not continues(self.history, history, self.seen)
        if is_fresh:
            self.seen, self.forecaster, self.outlook = 0, Forecaster(), Outlook("calm", 0.0)
        if count <= self.seen:
            return None
        alarms = [row for row in range(self.seen, count) if self._enters_alarm(history, row)]
        self.seen, self.history = count, history.rows(slice(0, count))
        steps = tuple(int(history.step[row]) for row in alarms)
        return Watched(self.history, self.outlook, steps, is_fresh)

    def _enters_alarm(self, history: MetricHistory, row: int) -> bool:
        if row and history.segment[row] != history.segment[row - 1]:
            self.forecaster, self.outlook = Forecaster(), Outlook("calm", 0.0)
        before = self.outlook.level
        self.outlook = feed(self.forecaster, history, row)
        return self.outlook.level == "alarm" != before


def continues(before: MetricHistory, now: MetricHistory, count: int) -> bool:
    """Whether a log still begins with the rows that were fed, but for a last one cut off then."""
    if len(now) < count:
        return False
    count = max(0, count - 1)
    if not np.array_equal(before.step[:count], now.step[:count]):
        return False
    one, other = before.loss, now.loss
    if one is None or other is None:
        return one is other
    return np.array_equal(one.values[:count], other.values[:count], equal_nan=True)


def mark_of(path: Path) -> Mark | None:
    """Return what tells whether a file has changed, None where there is none."""
    try:
        status = path.stat()
        if path.is_dir():
            return status.st_ino, sum(file.stat().st_size for file in path.rglob("*")), False
        with path.open("rb") as file:
            file.seek(max(0, status.st_size - 1))
            return status.st_ino, status.st_size, file.read(1) == b"\n"
    except FileNotFoundError:
        return None


def rows_so_far(path: Path) -> MetricHistory | None:
    """Read the log as it stands; None while it holds nothing that can be read."""
    try:
        return logs.read_log(str(path)).history
    except NandoctorError:
        return None


def feed(forecaster: Forecaster, history: MetricHistory, row: int) -> Outlook:
    """Give one row to the forecaster."""
    cells = ((name, history.columns[name]) for name in FED if name in history.columns)
    values = {name: float(column.values[row]) for name, column in cells if column.logged[row]}
    return forecaster.update(int(history.step[row]), **values)
