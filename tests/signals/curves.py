"""Curves of small runs: healthy ones that look ill, and ill ones; some are really trained here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Column, MetricHistory, metric_history

Floats = NDArray[np.float64]
Gradient = Callable[[Floats, Floats, Floats], tuple[float, Floats]]

TEXTBOOK = (
    ("2.1 2.0 1.9 8734.5 nan", "spike"),
    ("2.1 2.3 2.8 4.5 12.3 89.7 nan", "exponential"),
    ("2.1 1.8 2.5 1.6 3.2 1.4 5.8 nan", "oscillating"),
    ("1.8 1.7 1.6 1.5 1.4 87234.5 nan", "spike"),
    ("2.1 2.2 2.5 3.1 4.8 9.2 23.5 156.7 nan", "exponential"),
    ("2.0 1.8 2.2 1.6 2.5 1.4 3.2 1.2 5.8 nan", "oscillating"),
)


@dataclass(frozen=True)
class Curve:
    """One run: what was logged and what it is."""

    name: str
    history: MetricHistory
    pattern: str = "healthy"
    onset: int | None = None


def numbers(text: str) -> list[float]:
    """Return the numbers of a line of text."""
    return [float(word) for word in text.split()]


def of(loss: Floats, grad: Floats | None = None) -> MetricHistory:
    """Return a history of losses and gradient norms logged at every step."""
    return metric_history(range(len(loss)), loss=loss, grad_norm=grad)


def column(values: Floats) -> Column:
    """Return a column that is logged in every row."""
    return Column(values, np.ones(len(values), dtype=bool))


def falling(count: int, start: float, end: float, noise: float, seed: int = 0) -> Floats:
    """Return a loss that falls exponentially to a plateau, with lognormal noise."""
    rng = np.random.default_rng(seed)
    trend = end + (start - end) * np.exp(-np.arange(count) / (count / 8))
    return trend * np.exp(noise * rng.standard_normal(count))


def least_squares(weights: Floats, x: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the mean squared error of a linear model and its gradient."""
    error = x @ weights - y
    return float(np.mean(error**2)), 2.0 * x.T @ error / len(y)


def logistic(weights: Floats, x: Floats, y: Floats) -> tuple[float, Floats]:
    """Return the logistic loss of a linear model and its gradient; y is 0 or 1."""
    margin = np.clip(x @ weights, -700, 700)
    loss = float(np.mean(np.logaddexp(0.0, margin) - y * margin))
    return loss, x.T @ (1 / (1 + np.exp(-margin)) - y) / len(y)


def trained(
    gradient: Gradient, *, steps: int, rate: Callable[[int], float] | float, batch: int = 16,
    momentum: float = 0.0, tail: bool = False, shift: int | None = None, scale: float = 1.0,
    seed: int = 0,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Train a linear model with SGD and return its loss and gradient norm at each step.

    Args:
        tail: Labels carry Student-t noise: batches of a tiny size give natural spikes.
        shift: Step at which the task changes (a curriculum).
        scale: Spread of the last input against the others.
    """
    rng = np.random.default_rng(seed)
    truth, weights, speed = rng.standard_normal(8), np.zeros(8), np.zeros(8)
    losses, norms = np.empty(steps), np.empty(steps)
    for step in range(steps):
        if step == shift:
            truth = 2.0 * rng.standard_normal(8)
        x = rng.standard_normal((batch, 8))
        x[:, -1] *= scale
        noise = rng.standard_t(2, batch) if tail else rng.standard_normal(batch)
        y = x @ truth + 0.3 * noise
        y = (y > 0).astype(float) if gradient is logistic else y
        with np.errstate(over="ignore", invalid="ignore"):
            losses[step], slope = gradient(weights, x, y)
            norms[step] = np.linalg.norm(slope)
            speed = momentum * speed + slope
            weights = weights - (rate(step) if callable(rate) else rate) * speed
    return losses, norms


def healthy_curves(seed: int = 0) -> list[Curve]:
    """Return look-alikes: each has what an explosion has, and is none."""
    rng = np.random.default_rng(seed)
    quiet = falling(400, 9.0, 3.0, 0.01, seed)
    hump = quiet.copy()
    hump[1:6] *= [1.4, 2.4, 2.0, 1.5, 1.2]
    mixup = quiet * np.where(rng.random(400) < 0.1, 2.8, 1.0)
    reward = 1500 * np.exp(0.5 * rng.standard_normal(400))
    reward[rng.random(400) < 0.03] *= 100
    tiny = falling(400, 1.0, 1e-5, 0.3, seed)
    tiny[rng.integers(200, 400, 12)] += 0.02
    grads = falling(400, 2.0, 1.0, 0.2, seed)
    jumps = grads.copy()
    jumps[rng.integers(20, 400, 8)] *= 30
    scaler = grads.copy()
    scaler[[3, 4, 5, 150, 300]] = np.inf
    target = np.abs(rng.standard_normal(400)) * 0.01 + 0.05 * (1 - np.arange(400) % 50 / 50)
    return [
        Curve("quiet", of(quiet, grads)),
        Curve("warm-up hump", of(hump, grads)),
        Curve("mixup", of(mixup, grads)),
        Curve("reinforcement learning", of(reward, grads)),
        Curve("near zero", of(tiny, grads)),
        Curve("target network", of(0.3 + target, grads)),
        Curve("grad-norm jumps alone", of(quiet, jumps)),
        Curve("loss scaler", of(quiet, scaler)),
        Curve("plateau", of(3.0 + 0.02 * rng.standard_normal(400), grads)),
        Curve("around zero", of(0.1 * rng.standard_normal(400), grads)),
        Curve("tiny batch, trained", of(*trained(least_squares, steps=600, rate=0.02, batch=2))),
        Curve("heavy tails, trained",
              of(*trained(least_squares, steps=600, rate=0.01, batch=4, tail=True, seed=seed))),
        Curve("separable, trained", of(*trained(logistic, steps=600, rate=0.5, seed=seed))),
        Curve("restarts of the rate, trained",
              of(*trained(logistic, steps=400, rate=lambda s: 0.3 * (1 - s % 100 / 110)))),
    ]  # fmt: skip


def exploded_curves(seed: int = 0) -> list[Curve]:
    """Return runs that exploded, with the pattern and the onset that their making tells."""
    quiet = falling(300, 9.0, 3.0, 0.01, seed)
    grads = falling(300, 2.0, 1.0, 0.2, seed)
    nan = np.full(3, np.nan)
    ramp = np.exp(0.25 * np.arange(1, 41))
    climb = np.concatenate([quiet, quiet[-1] * ramp, nan])
    swings = quiet[-1] * np.exp(0.18 * np.arange(40) * np.tile([1, 1, -0.05, -0.05], 10))
    spike = np.concatenate([quiet, [8.7e3, 9.9e6], nan])
    grown = np.concatenate([grads, grads[-1] * ramp, nan])
    return [
        Curve("climb", of(climb, grown), "exponential", 301),
        Curve("swings", of(np.concatenate([quiet, swings, nan])), "oscillating", 304),
        Curve("jump", of(spike), "spike", 300),
        Curve("out of nothing", of(np.concatenate([quiet, nan])), "spike", 300),
        Curve("rate too high, trained",
              of(*_until_nan(trained(least_squares, steps=900, scale=4.0, seed=seed,
                                     rate=lambda s: 0.002 if s < 200 else 0.09))),
              "exponential", 201),
        Curve("momentum above one, trained",
              of(*_until_nan(trained(least_squares, steps=1000, rate=0.005, momentum=1.03,
                                     seed=seed, batch=256))),
              "oscillating"),
    ]  # fmt: skip


def _until_nan(series: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return two series up to two steps after the first non-finite loss."""
    loss, grad = series
    bad = np.flatnonzero(~np.isfinite(loss))
    stop = int(bad[0]) + 2 if len(bad) else len(loss)
    return loss[:stop], grad[:stop]
