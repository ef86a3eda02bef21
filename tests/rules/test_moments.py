"""The bounds of Adam that no series of gradients breaks."""

import math
from dataclasses import replace
from typing import Any

import builders
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.evidence import Evidence, LogFacts, metric_history
from nandoctor.rules.moments import impossible_moments, is_spoilt, moved_too_far, update_bound
from rules.examples.made import stored_state


@given(
    gradients=st.lists(st.floats(-1e3, 1e3, allow_nan=False, width=32), min_size=1, max_size=60),
    betas=st.sampled_from([(0.9, 0.999), (0.9, 0.95), (0.5, 0.9), (0.0, 0.99)]),
)
@settings(max_examples=60, deadline=None)
def test_update_bound_holds_for_every_series_of_gradients(
    gradients: list[float], betas: tuple[float, float]
) -> None:
    """|exp_avg| never passes the bound times sqrt(exp_avg_sq)."""
    first = second = 0.0
    for gradient in gradients:
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient**2
        assert abs(first) <= update_bound(*betas) * math.sqrt(second) * (1 + 1e-9) + 1e-150


def test_update_bound_of_the_default_betas_is_7_3() -> None:
    """The figure that the page quotes."""
    assert update_bound(0.9, 0.999) == pytest.approx(7.27, abs=0.01)


def test_update_bound_where_none_exists_is_infinite() -> None:
    """beta1^2 >= beta2: old gradients outlive their squares."""
    assert update_bound(0.99, 0.9) == math.inf


def test_impossible_moments_of_a_sound_state_are_none() -> None:
    """Moments that real gradients made pass."""
    rng = np.random.default_rng(0)
    first, second = np.zeros(64), np.zeros(64)
    for _ in range(50):
        gradient = rng.standard_normal(64) * 10.0 ** rng.integers(-3, 3)
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
    made = stored_state(
        builders.tensor(
            "exp_avg.w", role="exp_avg", numel=64, min=first.min(), max=first.max(),
            l2=float(np.linalg.norm(first)),
        ),
        builders.tensor(
            "exp_avg_sq.w", role="exp_avg_sq", numel=64, min=second.min(), max=second.max(),
            mean=float(second.mean()),
        ),
    )  # fmt: skip
    assert not list(impossible_moments(made))


def moved(now: float, weight_decay: float = 0.01) -> Evidence:
    """Build a run of 100 Adam steps at lr 1e-3 between two checkpoints."""
    group = {"lr": 1e-3, "betas": (0.9, 0.999), "weight_decay": weight_decay}
    crash = stored_state(builders.tensor(max=now), step=100, param_groups=(group,))
    good = replace(
        stored_state(builders.tensor(max=0.4), step=0, param_groups=(group,)), path="good.pt"
    )
    history = metric_history(range(100), loss=[1.0] * 100, lr=[1e-3] * 100)
    log = LogFacts("metrics.csv", "csv", history)
    return Evidence("diagnose", checkpoints=(crash,), last_good=good, logs=(log,))


def test_moved_too_far_given_a_weight_beyond_the_bound_names_it() -> None:
    """100 steps of 1e-3 cannot move a weight by 50."""
    assert [now.name for now, _, _ in moved_too_far(moved(50.0))] == ["vision_tower.conv.weight"]


@pytest.mark.parametrize("evidence", [moved(0.9), moved(50.0, weight_decay=-8.0)])
def test_moved_too_far_given_a_possible_move_is_silent(evidence: Evidence) -> None:
    """A move within the bound; weights that a negative decay grows without any gradient."""
    assert not list(moved_too_far(evidence))


@pytest.mark.parametrize(("changes", "is_bad"), [
    ({"role": "exp_avg", "num_posinf": 1}, True),
    ({"role": "optimizer", "num_nan": 1, "shape": (), "numel": 1}, True),
    ({"role": "optimizer", "num_posinf": 1}, True),
    ({"role": "optimizer", "num_posinf": 1, "shape": (), "numel": 1}, False),
    ({"role": "optimizer"}, False),
    ({"role": "parameter", "num_nan": 1}, False),
])  # fmt: skip
def test_state_of_any_optimizer_is_spoilt_by_nan(changes: dict[str, Any], is_bad: bool) -> None:
    """Momentum buffers and factored moments count as Adam's do; a running minimum may be Inf."""
    assert is_spoilt(builders.tensor("momentum_buffer.fc.weight", **changes)) is is_bad
