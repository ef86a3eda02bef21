"""The terminal curve: shape, marks and scales."""

from __future__ import annotations

import builders
import numpy as np
import pytest

from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.plot import plot


def straight(values, **changes):
    """Build a curve over steps 0, 1, 2, ..."""
    value = np.asarray(values, dtype=float)
    step = np.arange(len(value), dtype=float)
    return Curve("loss", step, value, bad_step=step[~np.isfinite(value)], **changes)


def test_plot_rising_line_climbs_from_bottom_left_to_top_right():
    """Height follows value and column follows step."""
    rows = plot(straight(np.linspace(1, 2, 50)), 60, 5, is_ascii=True)[:5]
    first = [row[10:].index("*") for row in rows]
    assert first == sorted(first, reverse=True) and first[-1] == 0


def test_plot_with_onset_and_nan_marks_both():
    """The onset stands as a dotted line and the NaN as a cross in the top line."""
    lines = plot(straight([1, 1, 1, 1, 5, np.nan], onset=4.0), 40, 6)
    assert any("┊" in line for line in lines)
    assert lines[0].endswith("✗") and "▲" in lines[6] and lines[6].endswith("✗")


@pytest.mark.parametrize(
    "values", [[1.0, 1.0], [0.0, 0.0, 0.0], [np.nan, 3.0], [-5.0, 5e9], [1, 2]]
)
def test_plot_degenerate_values_draws_without_error(values):
    """Constant, single, negative and huge values all give a picture of the asked size."""
    lines = plot(straight(values), 50, 7)
    assert len(lines) == 9 and max(map(len, lines)) == 50


def test_curve_wide_positive_range_is_log_scale():
    """From a ratio of 20 on a positive curve is drawn on a log scale."""
    assert straight([1.0, 25.0]).is_log
    assert not straight([1.0, 10.0]).is_log and not straight([-1.0, 1000.0]).is_log


def test_curve_report_without_history_is_none():
    """A report whose logs and checkpoints hold no loss has no curve."""
    assert curve(builders.report(logs=(), checkpoints=())) is None
