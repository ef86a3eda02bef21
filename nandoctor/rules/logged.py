"""Logged columns as numbers: level and spread before a row, steps that were not finite."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, MetricHistory

BEFORE = 50  # rows that make up the level before the onset


def values(column: Column | None) -> NDArray[np.float64] | None:
    """Return a column as an array with NaN where it was not logged, None where it never was."""
    if column is None or not column.logged.any():
        return None
    return np.where(column.logged, column.values, math.nan)


def level(series: NDArray[np.float64], row: int) -> float:
    """Return the median magnitude of the finite values before a row, else of the first one."""
    rows = series[max(0, row - BEFORE) : row]
    rows = np.abs(rows[np.isfinite(rows)])
    if rows.size:
        return float(np.median(rows))
    finite = np.abs(series[np.isfinite(series)])
    return float(finite[0]) if finite.size else 0.0


def spread(series: NDArray[np.float64], row: int) -> float:
    """Return the median absolute deviation of the finite values before a row, 0 without any."""
    rows = series[max(0, row - BEFORE) : row]
    rows = rows[np.isfinite(rows)]
    return float(np.median(np.abs(rows - np.median(rows)))) if rows.size else 0.0


def num_nonfinite(history: MetricHistory | None) -> int:
    """Return for how many steps loss or gradient norm were non-finite: what a scaler skips."""
    if history is None or len(history) < 2:
        return 0
    bad = np.zeros(len(history), dtype=bool)
    for column in (history.loss, history.grad_norm):
        if column is not None:
            bad |= column.logged & ~column.finite
    return int(bad.sum() * np.median(np.diff(history.step)))
