"""Clipping advice from a run's own gradient norms."""

from __future__ import annotations

import numpy as np
import pytest

from nandoctor.evidence import metric_history
from nandoctor.signals import clipping_advice

NORMS = np.linspace(0.8, 2.0, 200)


def test_clipping_threshold_is_two_to_three_times_the_healthy_maximum() -> None:
    """The advice rests on the healthy maximum, and says how often it would have fired."""
    norms = np.append(NORMS, [30.0, np.nan, np.inf])
    advice = clipping_advice(metric_history(range(203), grad_norm=norms), onset_step=200)
    assert advice is not None
    assert advice.healthy[2] == pytest.approx(2.0)
    assert advice.threshold == pytest.approx(5.0)
    assert advice.range == pytest.approx((4.0, 6.0))
    assert (advice.fired_healthy, advice.first_fired_step) == (0.0, 200)
    assert advice.fired == pytest.approx(1 / 201)


def test_clipping_adaptive_threshold_is_bounded() -> None:
    """The 99.5th percentile is held between 1 and 100."""
    small = clipping_advice(metric_history(range(200), grad_norm=NORMS / 1000))
    large = clipping_advice(metric_history(range(200), grad_norm=NORMS * 1000))
    middle = clipping_advice(metric_history(range(200), grad_norm=NORMS))
    assert small is not None and small.adaptive == 1.0
    assert large is not None and large.adaptive == 100.0
    assert middle is not None and 1.9 < middle.adaptive < 2.0


def test_clipping_lone_outlier_does_not_set_the_maximum() -> None:
    """A one-row jump of a healthy run would make a threshold that never fires."""
    norms = NORMS.copy()
    norms[100] = 500.0
    advice = clipping_advice(metric_history(range(200), grad_norm=norms))
    assert advice is not None
    assert advice.threshold < 10.0


def test_clipping_without_gradient_norms_gives_no_advice() -> None:
    """Nothing is advised from nothing."""
    assert clipping_advice(metric_history(range(3), loss=[1.0, 2.0, 3.0])) is None
    assert clipping_advice(metric_history(range(3), grad_norm=[1.0, np.nan, 1.0])) is None
