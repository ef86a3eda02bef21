"""Following a log that still grows: the forecast after every new row; drawing is not done here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nandoctor import logs
from nandoctor.errors import NandoctorError, UnreadableInputError
from nandoctor.evidence import MetricHistory
from nandoctor.signals import Forecaster, Outlook

FED = ("loss", "grad_norm", "lr", "loss_scale", "update_norm")


@dataclass(frozen=True, slots=True)
class Watched:
    """The state of a watched log after new rows.

    Args:
        history: All rows so far.
        outlook: The forecast at the last row.
        alarms: Steps at which the alarm level was entered among the new rows.
    """

    history: MetricHistory
    outlook: Outlook
    alarms: tuple[int, ...]


def follow(
    path: Path, *, interval: float = 2.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Watched]:
    """Yield after each change of the file that brought new rows; never ends by itself.

    The file is read again from its start, so that every format can be followed; only rows that
    were not seen before are fed to the forecaster.

    Raises:
        UnreadableInputError: The file is missing.
    """
    if not path.exists():
        raise UnreadableInputError(f"{path}: no such file", hint="give the log of a running job")
    forecaster, seen, size, level = Forecaster(), 0, -1, "calm"
    while True:
        if path.stat().st_size != size:
            size = path.stat().st_size
            history = rows_so_far(path)
            if history is not None and len(history) > seen:
                outlooks = [feed(forecaster, history, row) for row in range(seen, len(history))]
                levels = [level, *(outlook.level for outlook in outlooks)]
                entered = [
                    int(history.step[seen + i])
                    for i in range(len(outlooks))
                    if levels[i + 1] == "alarm" != levels[i]
                ]
                seen, level = len(history), levels[-1]
                yield Watched(history, outlooks[-1], tuple(entered))
        sleep(interval)


def rows_so_far(path: Path) -> MetricHistory | None:
    """Read the log as it stands; None while it holds nothing that can be read."""
    try:
        return logs.read_log(str(path)).history
    except NandoctorError:
        return None


def feed(forecaster: Forecaster, history: MetricHistory, row: int) -> Outlook:
    """Give one row to the forecaster."""
    values = {
        name: float(column.values[row])
        for name, column in history.columns.items()
        if name in FED and column.logged[row]
    }
    return forecaster.update(int(history.step[row]), **values)
