"""The forecast: causal, restorable, early on growth and silent on what only looks like it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nandoctor.evidence import MetricHistory, metric_history
from nandoctor.signals import Forecaster, forecast

from . import curves

CLIMB = next(curve for curve in curves.exploded_curves() if curve.name == "climb")
LOSSES = st.lists(st.none() | st.floats(width=32) | st.floats(0.1, 10.0), min_size=1, max_size=120)


def test_forecast_climb_alarms_before_the_nan() -> None:
    """A loss that grows by a quarter a step is announced while it still can be saved."""
    found = forecast(CLIMB.history)
    crash = int(CLIMB.history.step[np.flatnonzero(CLIMB.history.columns["loss"].nonfinite)[0]])
    assert found.alarm[0] <= CLIMB.onset + 8
    assert found.lead == crash - found.alarm[0] >= 25


@pytest.mark.parametrize("curve", curves.healthy_curves(), ids=lambda curve: curve.name)
def test_forecast_healthy_look_alike_never_alarms(curve: curves.Curve) -> None:
    """Jumps of one metric, humps, noise and restarts of the rate raise no alarm."""
    assert forecast(curve.history).alarm == ()


def test_forecast_nan_without_a_sign_has_no_lead() -> None:
    """A NaN out of nothing is an alarm at its own step, honestly with lead 0."""
    loss = [*curves.falling(60, 3.0, 2.0, 0.02), np.nan, np.nan]
    found = forecast(metric_history(range(62), loss=loss))
    assert (found.alarm, found.lead) == ((60,), 0)


@settings(max_examples=60, deadline=None)
@given(LOSSES, st.integers(0, 120))
def test_forecast_cut_log_says_the_same_before_the_cut(
    losses: list[float | None], cut: int
) -> None:
    """What is said at a step depends on the rows up to it only."""
    whole = metric_history(range(len(losses)), loss=losses, grad_norm=losses[::-1])
    part = forecast(whole.rows(slice(0, cut)))
    full = forecast(whole)
    assert part.watch == tuple(step for step in full.watch if step < cut)
    assert part.alarm == tuple(step for step in full.alarm if step < cut)


@settings(max_examples=60, deadline=None)
@given(LOSSES, st.integers(0, 120))
def test_forecaster_restored_in_the_middle_says_the_same(
    losses: list[float | None], cut: int
) -> None:
    """A restart from state_dict changes nothing, through JSON too."""
    whole, first, second = Forecaster(), Forecaster(), Forecaster()
    said = [whole.update(i, loss=x, grad_norm=x) for i, x in enumerate(losses)]
    again = [first.update(i, loss=x, grad_norm=x) for i, x in enumerate(losses[:cut])]
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    again += [second.update(i, loss=x, grad_norm=x) for i, x in enumerate(losses[cut:], cut)]
    assert again == said


def test_forecaster_state_stays_small() -> None:
    """The state is a few hundred bytes however long the run."""
    forecaster = Forecaster()
    for step in range(3000):
        forecaster.update(step, loss=2.0 + math.sin(step), grad_norm=1.0, lr=1e-3)
    assert len(json.dumps(forecaster.state_dict())) < 1000


@settings(max_examples=60, deadline=None)
@given(LOSSES)
def test_forecaster_any_numbers_give_a_probability(losses: list[float | None]) -> None:
    """NaN, Inf and absurd numbers neither break nor poison it."""
    forecaster = Forecaster()
    for step, loss in enumerate(losses):
        outlook = forecaster.update(step, loss=loss, grad_norm=loss, loss_scale=loss, lr=loss)
        assert 0.0 <= outlook.probability <= 1.0


def test_forecaster_after_a_passing_nan_still_sees_the_climb() -> None:
    """One NaN does not blind it: this is where moving averages of others die."""
    history = CLIMB.history
    loss = history.columns["loss"].values.copy()
    loss[50] = np.nan
    columns = {**history.columns, "loss": curves.column(loss)}
    broken = MetricHistory(history.step, columns, history.line, history.segment)
    assert any(CLIMB.onset <= step <= CLIMB.onset + 8 for step in forecast(broken).alarm)


def test_forecast_each_run_of_a_file_starts_afresh() -> None:
    """A restart at the high start value is no rise."""
    loss = np.concatenate([curves.falling(80, 9.0, 2.0, 0.02)] * 2)
    steps, segment = [*range(80)] * 2, [0] * 80 + [1] * 80
    assert forecast(metric_history(steps, loss=loss, segment=segment)).alarm == ()


def test_forecast_climb_from_the_first_steps_alarms_at_the_second_rise() -> None:
    """A rate far too high shows at once; there is no time to learn the noise."""
    loss = [1.1, 37.7, 4347.5, 3.6e7, 1.2e10, *[np.nan] * 3]
    assert forecast(metric_history(range(len(loss)), loss=loss)).alarm[0] == 2


@pytest.mark.parametrize(
    "loss", [[0.05, 1.03, 0.68, 1.79], [0.29, 0.24, 2.44, 0.71, 1.15, 4.89], [0.1, 0.9, 0.8, 0.7]]
)
def test_forecast_first_value_low_by_luck_is_no_climb(loss: list[float]) -> None:
    """Tiny batches start anywhere: what follows a low first value has not left all before it."""
    assert forecast(metric_history(range(len(loss)), loss=loss, grad_norm=loss)).alarm == ()


@pytest.mark.parametrize(("lost", "is_alarmed"), [(16, False), (60, True)])
def test_forecast_gradients_lost_for_good_alarm_though_the_loss_looks_fine(
    lost: int, is_alarmed: bool
) -> None:
    """A loss scaler loses a few steps until it finds its level; a log that hides NaN all."""
    loss = curves.falling(200, 3.0, 2.0, 0.02)
    grad = curves.falling(200, 1.0, 0.5, 0.05, seed=1)
    grad[60 : 60 + lost] = np.inf
    assert bool(forecast(metric_history(range(200), loss=loss, grad_norm=grad)).alarm) == is_alarmed


def test_forecast_loss_far_above_its_start_needs_no_gradients_as_witnesses() -> None:
    """Clipped or saturated gradients do not show a divergence; the loss does."""
    loss = np.concatenate([curves.falling(80, 3.0, 2.0, 0.02), 2.0 * 1.04 ** np.arange(90)])
    grad = curves.falling(170, 1.0, 0.5, 0.05, seed=1)
    assert forecast(metric_history(range(170), loss=loss, grad_norm=grad)).alarm


@settings(max_examples=30, deadline=None)
@given(LOSSES, st.permutations(["loss", "grad_norm", "lr", "loss_scale"]))
def test_forecast_order_of_the_columns_changes_nothing(
    losses: list[float | None], names: list[str]
) -> None:
    """What a row carries counts, not in which order it is carried."""
    columns = {"loss": losses, "grad_norm": losses[::-1], "lr": losses, "loss_scale": losses}
    history = metric_history(range(len(losses)), **columns)
    mixed = metric_history(range(len(losses)), **{name: columns[name] for name in names})
    assert forecast(mixed) == forecast(history)
