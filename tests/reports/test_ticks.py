"""Axis ticks: round numbers inside the range, few of them, each told apart from the next."""

from __future__ import annotations

import itertools
import math

import pytest

from nandoctor.reports.ticks import linear_ticks, log_ticks, tick_label

RANGES = [(0.0, 439.0), (0.02998, 0.03), (-5.0, 5e9), (1.0, 1.0), (0.18, 0.42), (-1e-9, 3e-9)]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_linear_ticks_any_range_are_few_and_told_apart(low, high):
    """Ticks lie in the range, number no more than asked and one, and have different labels."""
    ticks = linear_ticks(low, high, 4)
    spacing = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    labels = [tick_label(tick, spacing) for tick in ticks]
    slack = 1e-9 * max(abs(low), abs(high))
    assert 1 <= len(ticks) <= 5 and len(set(labels)) == len(ticks)
    assert all(low - slack <= tick <= high + slack for tick in ticks)


@pytest.mark.parametrize("span", [0.4, 1.3, 2.9, 9.0, 40.0])
def test_log_ticks_any_span_are_round_and_few(span):
    """Within a decade 1, 2, 5; beyond it powers of ten; never a crowd."""
    for low in (-9.7, -0.2, 3.1):
        ticks = log_ticks(low, low + span, 4)
        assert len(ticks) <= 7
        assert all(low <= tick <= low + span for tick in ticks)
        digits = {f"{10**tick:.0e}"[0] for tick in ticks}
        assert digits <= {"1", "2", "3", "5"}


def test_tick_label_is_short():
    """Thousands are grouped, large and small numbers use an exponent."""
    numbers = (0.0, 1e15, 100_000.0, 0.03, 2.5e-7)
    assert [tick_label(n) for n in numbers] == ["0", "1e15", "100,000", "0.03", "2.5e-7"]
    pairs = itertools.pairwise([0.029990, 0.029995, 0.03])
    assert all(tick_label(a, 5e-6) != tick_label(b, 5e-6) for a, b in pairs)
    assert not math.isnan(float(tick_label(1e300)))
