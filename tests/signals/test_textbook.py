"""The textbook predictor, exactly as it is taught."""

from __future__ import annotations

import numpy as np
import pytest

from nandoctor.evidence import metric_history
from nandoctor.signals import textbook

FLAT = np.full(20, 1.0)


def test_textbook_rising_loss_adds_its_risks() -> None:
    """Three rises add 0.3; growing ones 0.4 more, combined as 1 - (1 - 0.3)(1 - 0.4)."""
    steady = textbook.risks(np.array([1.0, 2.0, 3.0, 4.0]), FLAT[:0])
    growing = textbook.risks(np.array([1.0, 2.0, 4.0, 8.0]), FLAT[:0])
    assert steady == (0.3,)
    assert textbook.combined(growing) == pytest.approx(0.58)


def test_textbook_gradients_add_their_risks() -> None:
    """Five times in three steps adds 0.5, beyond twice the 99th percentile 0.6."""
    assert textbook.risks(FLAT[:0], np.array([1.0, 2.0, 3.0, 6.0])) == (0.5,)
    assert textbook.risks(FLAT[:0], np.append(FLAT, [2.0, 4.0])) == (0.6,)


def test_textbook_actions_grade_by_probability() -> None:
    """The actions begin at 0.3, 0.5, 0.7 and 0.9."""
    found = [textbook.action(p) for p in (0.29, 0.3, 0.5, 0.7, 0.9)]
    assert found == ["none", "log", "reduce_lr", "clip_harder", "checkpoint_and_stop"]


def test_textbook_over_a_log_is_causal() -> None:
    """The probability after a row does not change when rows follow."""
    loss = curves_of(30)
    whole = textbook.probabilities(metric_history(range(30), loss=loss, grad_norm=loss))
    part = textbook.probabilities(metric_history(range(20), loss=loss[:20], grad_norm=loss[:20]))
    assert np.array_equal(whole[:20], part)


def curves_of(count: int) -> np.ndarray:
    """Return a random positive series."""
    return np.random.default_rng(0).random(count) + 0.5
