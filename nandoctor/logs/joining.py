"""Rows of one step put together and doubled rows removed; restarts of a run told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, MetricHistory
from nandoctor.logs.groups import LEADING

_NEAR = 12
"""Lines within which two rows of one step are one row, or the same row twice."""


def one_writer(history: MetricHistory) -> MetricHistory:
    """Keep one rank's rows where the number that begins each line is a rank (``srun -l``)."""
    columns = {name: column for name, column in history.columns.items() if name != LEADING}
    writers = history.columns[LEADING].values
    history = replace(history, columns=columns)
    ranks = np.unique(writers[np.isfinite(writers)])
    is_repeated = len(np.unique(history.step)) <= 0.75 * len(history)
    if len(ranks) < 2 or 2 * len(ranks) > len(history) or not is_repeated:
        return history
    return history.rows(writers == ranks[0])


def segmented(history: MetricHistory, *, may_stand_still: bool = False) -> MetricHistory:
    """Number the runs: a new one begins where the step goes backwards within an epoch, or stands
    still over many lines."""
    step = history.step
    if not len(step):
        return history
    back = np.diff(step, prepend=step[:1]) < 0
    if not may_stand_still:
        gaps = np.diff(history.line, prepend=history.line[:1])
        is_still = np.diff(step, prepend=step[0] - 1) == 0
        back |= is_still & (gaps > max(_NEAR, 5 * np.median(gaps)))
    epoch = history.columns.get("epoch")
    if epoch is not None and epoch.logged.any() and back.any():
        known = epoch.logged & np.isfinite(epoch.values)
        place = np.maximum.accumulate(np.where(known, np.arange(len(step)), 0))
        value = np.where(known[place], epoch.values[place], -np.inf)
        grows = np.zeros(len(step), bool)
        grows[1:] = value[1:] > value[:-1]
        back &= ~grows
    if np.mean(back) > 0.1 and back.sum() > 5:  # lines of several writers, not restarts
        back[:] = False
    return replace(history, segment=np.cumsum(back).astype(np.int32))


def join_rows(history: MetricHistory, *, last_counts: bool = False) -> MetricHistory:
    """Join neighbouring rows of the same step that do not contradict each other.

    Args:
        history: In file order.
        last_counts: Rows of one step are redraws (progress bars, printed tables).
    """
    if len(history) < 2:
        return history
    same = history.step[1:] == history.step[:-1]
    if not same.any():
        return history
    same &= history.segment[1:] == history.segment[:-1]
    if not same.any():
        return history
    if not last_counts:
        same &= np.diff(history.line) <= _NEAR
        same &= ~_contradict(history)
    run = np.concatenate([[0], np.cumsum(~same)])
    edges = np.append(~same, True) if last_counts else np.append(True, ~same)
    kept = np.flatnonzero(edges)
    columns = {
        name: _of_runs(column, run, len(kept), last_counts)
        for name, column in history.columns.items()
    }
    return MetricHistory(
        history.step[kept], columns, history.line[kept], history.segment[kept],
        history.is_step_index,
    )  # fmt: skip


def _contradict(history: MetricHistory) -> NDArray[np.bool_]:
    """Return where a row logs another value of the same metric than the row before."""
    found = np.zeros(len(history) - 1, bool)
    for column in history.columns.values():
        before, after = column.values[:-1], column.values[1:]
        differs = (after != before) & ~(np.isnan(after) & np.isnan(before))
        found |= column.logged[1:] & column.logged[:-1] & differs
    return found


def _of_runs(column: Column, run: NDArray[np.int64], count: int, last_counts: bool) -> Column:
    """Return the first value that each run of rows logs, or the last."""
    values = np.full(count, np.nan)
    logged = np.zeros(count, bool)
    rows = np.flatnonzero(column.logged)[:: 1 if last_counts else -1]  # the last written counts
    values[run[rows]] = column.values[rows]
    logged[run[rows]] = True
    return Column(values, logged)
