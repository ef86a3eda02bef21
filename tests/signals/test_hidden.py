"""Logs that hide a NaN, and honest ones that look like it."""

from __future__ import annotations

import numpy as np

from nandoctor.evidence import Pattern, metric_history
from nandoctor.signals import classify_history

from . import curves

FALLING = curves.falling(20, 3.0, 2.0, 0.02).tolist()
NORMS = curves.falling(20, 1.0, 0.5, 0.1).tolist()
NAN = float("nan")


def test_hidden_zero_loss_with_nan_gradients_is_a_nan() -> None:
    """Loss 0.0 beside grad_norm nan is how a logging filter prints a NaN."""
    history = metric_history(range(25), loss=[*FALLING, *[0.0] * 5], grad_norm=[*NORMS, *[NAN] * 5])
    found = classify_history(history)
    assert found.hidden_nan_step == 20
    assert (found.pattern, found.outcome, found.first_nonfinite_step) == ("spike", "nan", 20)


def test_hidden_one_zero_loss_beside_an_overflow_is_silent() -> None:
    """A saturated discriminator has a loss of 0.0 once in a while; it comes back, a filter not."""
    loss, norms = [*FALLING, 0.0, *FALLING], [*NORMS, float("inf"), *NORMS]
    found = classify_history(metric_history(range(41), loss=loss, grad_norm=norms))
    assert found.hidden_nan_step is None


def test_hidden_one_zero_loss_at_the_end_is_a_nan() -> None:
    """A run that ends with loss 0.0 beside grad_norm nan did not come back."""
    history = metric_history(range(21), loss=[*FALLING, 0.0], grad_norm=[*NORMS, NAN])
    assert classify_history(history).hidden_nan_step == 20


def test_hidden_frozen_loss_with_nan_gradients_is_a_nan() -> None:
    """A loss that stands still at its running mean while the gradients are NaN is no loss."""
    history = metric_history(
        range(26), loss=[*FALLING, *[2.123] * 6], grad_norm=[*NORMS, *[NAN] * 6]
    )
    assert classify_history(history).hidden_nan_step == 20


def test_hidden_nan_gradients_with_a_living_loss_are_no_hidden_nan() -> None:
    """A scaler's skipped steps print grad_norm nan while the loss goes on falling."""
    loss = curves.falling(40, 3.0, 2.0, 0.02)
    history = metric_history(range(40), loss=loss, grad_norm=[*NORMS, *[NAN] * 20])
    found = classify_history(history)
    assert (found.pattern, found.hidden_nan_step) == ("healthy", None)


def test_hidden_growing_nan_counter_is_reported() -> None:
    """A counter of NaN steps that grows beside a finite loss tells what the loss does not."""
    counter = [0] * 12 + [1, 2, 3, 4, 5, 6, 7, 8]
    found = classify_history(metric_history(range(20), loss=FALLING, num_nan_steps=counter))
    assert found.hidden_nan_step == 12


def test_hidden_zero_nan_counter_is_silent() -> None:
    """ "number of nan iterations: 0" is no fault."""
    found = classify_history(metric_history(range(20), loss=FALLING, num_nan_steps=[0] * 20))
    assert found.hidden_nan_step is None


def test_hidden_skips_to_the_end_are_reported() -> None:
    """When every step is skipped to the end of the log, its gradients are not finite."""
    skipped = [0] * 8 + [1] * 12
    found = classify_history(metric_history(range(20), loss=FALLING, num_skipped_steps=skipped))
    assert found.hidden_nan_step == 8


def test_hidden_skips_while_the_scale_settles_are_silent() -> None:
    """A loss scaler skips the first steps until it has found its level."""
    skipped = [1] * 12 + [0] * 8
    found = classify_history(metric_history(range(20), loss=FALLING, num_skipped_steps=skipped))
    assert found.hidden_nan_step is None


def test_hidden_loss_no_longer_printed_is_reported() -> None:
    """Rows that always carried a loss and no longer do hide a failure."""
    loss = [*FALLING, *[None] * 5]
    found = classify_history(metric_history(range(25), loss=loss, lr=[1e-3] * 25))
    assert found.hidden_nan_step == 20
    assert found.outcome == "nan"


def test_hidden_sparse_rows_are_silent() -> None:
    """A log whose evaluation rows never carry a training loss hides nothing."""
    loss = [None if i % 4 == 3 else value for i, value in enumerate(FALLING)]
    lr = [None if value is None else 1e-3 for value in loss]
    found = classify_history(metric_history(range(20), loss=loss, lr=lr, val_loss=np.ones(20)))
    assert found.hidden_nan_step is None


def test_hidden_nan_gradients_in_a_log_without_a_loss_are_reported() -> None:
    """Megatron prints no loss at all where every step's gradient norm is NaN."""
    history = metric_history(range(100, 106), grad_norm=[1.2, 1.1, *[NAN] * 4])
    found = classify_history(history)
    assert (found.outcome, found.hidden_nan_step) == ("nan", 102)


def test_hidden_one_nan_gradient_in_a_log_without_a_loss_is_silent() -> None:
    """A skipped step is none to speak of."""
    history = metric_history(range(6), grad_norm=[1.2, NAN, 1.1, 1.0, 1.1, NAN])
    assert classify_history(history).hidden_nan_step is None


def lost_gradients(loss: curves.Floats, finite: int) -> Pattern:
    """Return the pattern of a run whose gradients are finite in the first rows only."""
    norms = [*curves.falling(finite, 1.0, 0.5, 0.1).tolist(), *[NAN] * (len(loss) - finite)]
    return classify_history(metric_history(range(len(loss)), loss=loss, grad_norm=norms))


def test_hidden_gradients_lost_for_good_are_told_though_the_loss_moves() -> None:
    """Every step is lost from then on; the curve itself is what it is."""
    found = lost_gradients(curves.falling(160, 3.0, 2.0, 0.02), 100)
    assert (found.hidden_nan_step, found.pattern) == (100, "healthy")


def test_hidden_average_that_creeps_with_lost_gradients_is_a_nan() -> None:
    """A moving average that filters NaN comes to rest; it measures nothing any more."""
    loss = curves.falling(160, 3.0, 2.0, 0.02)
    loss[100:] = loss[99] * (1 + 1e-3 * 0.9 ** np.arange(60))
    found = lost_gradients(loss, 100)
    assert (found.hidden_nan_step, found.outcome) == (100, "nan")


def test_hidden_gradient_norms_never_logged_as_numbers_tell_nothing() -> None:
    """Some trainers print inf for every gradient norm of a healthy run."""
    assert lost_gradients(curves.falling(160, 3.0, 2.0, 0.02), 3).hidden_nan_step is None


def test_hidden_infinite_gradients_under_a_falling_loss_scale_are_skipped_steps() -> None:
    """The scaler throws these steps away: the loss that goes on is a real one."""
    loss = [*curves.falling(60, 3.0, 1.0, 0.1), *curves.falling(60, 1.0, 1.0, 0.1)]
    norms = [1.0] * 60 + [float("inf")] * 60
    scale = [65536.0] * 60 + [65536.0 * 0.5**i for i in range(60)]
    history = metric_history(range(120), loss=loss, grad_norm=norms, loss_scale=scale)
    assert classify_history(history).hidden_nan_step is None
    plain = metric_history(range(120), loss=loss, grad_norm=norms)
    assert classify_history(plain).hidden_nan_step == 60
