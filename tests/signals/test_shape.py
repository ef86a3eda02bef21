"""The shape of a climb: noise on it is no swing, a plateau after a jump no climb."""

from __future__ import annotations

import numpy as np

from nandoctor.evidence import metric_history
from nandoctor.signals import classify_history

from . import curves


def classified(loss: curves.Floats) -> tuple[str, str]:
    """Return pattern and outcome of a loss logged at every step."""
    found = classify_history(metric_history(range(len(loss)), loss=loss))
    return found.pattern, found.outcome


def test_classify_climb_as_noisy_as_its_run_is_exponential() -> None:
    """Falls that the run's own noise explains are no swings."""
    rng = np.random.default_rng(3)
    trend = np.concatenate([np.full(200, 2.0), 2.0 * 1.03 ** np.arange(120)])
    noisy = trend * np.exp(0.25 * rng.standard_normal(320))
    assert classified(noisy) == ("exponential", "diverged")


def test_classify_smooth_swings_on_a_climb_are_oscillating() -> None:
    """The same climb with regular swings far beyond the noise oscillates."""
    rng = np.random.default_rng(3)
    steps = np.arange(160)
    climb = 2.0 * np.exp(0.05 * steps + 0.02 * steps * np.sin(steps / 3.0))
    loss = np.concatenate([np.full(200, 2.0), climb]) * np.exp(0.05 * rng.standard_normal(360))
    assert classified(loss)[0] == "oscillating"


def test_classify_jump_to_a_noisy_plateau_is_a_spike() -> None:
    """New highs by noise on a plateau do not make a climb of a jump."""
    loss = curves.falling(300, 4.0, 2.0, 0.03)
    loss[200:] = 40.0 * np.exp(0.05 * np.random.default_rng(1).standard_normal(100))
    assert classified(loss) == ("spike", "diverged")


def test_classify_first_point_low_by_luck_is_healthy() -> None:
    """One lucky first batch does not make the rest of a noisy run a divergence."""
    loss = np.exp(0.4 * np.random.default_rng(2).standard_normal(250))
    loss[0] = 0.2
    assert classified(loss) == ("healthy", "healthy")


def test_classify_run_that_rose_from_its_first_steps_has_diverged() -> None:
    """Noise that came with the divergence is no healthy noise."""
    rng = np.random.default_rng(4)
    loss = 2.0 * np.exp(np.minimum(np.arange(400) / 40, 5.0) + 0.8 * rng.standard_normal(400))
    loss[300:] *= np.exp(-np.arange(100) / 40)
    assert classified(loss)[1] == "diverged"


def test_classify_new_task_far_below_the_first_losses_has_not_diverged() -> None:
    """A curriculum jumps and learns on; where training began is still far above."""
    loss = curves.falling(300, 4.0, 0.1, 0.05)
    loss[200:] += 0.7 * np.exp(-np.arange(100) / 200.0)
    assert classified(loss) == ("spike", "recovered")
    loss[200:] += 4.0
    assert classified(loss) == ("spike", "diverged")
