"""The evidence for a pattern in sentences with numbers; nothing is decided here."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import MetricHistory
from nandoctor.signals.confidence import SPARSE
from nandoctor.signals.course import Course
from nandoctor.signals.excursions import Excursion
from nandoctor.signals.noise import WIDTH, Floats

Steps = NDArray[np.int64]
Rows = NDArray[np.intp]


def account_of(course: Course, run: MetricHistory, rows: Rows, loss: Floats) -> tuple[str, ...]:
    """Return the evidence, the weightiest sentence first.

    Args:
        rows: intp[n], the rows of the run that carry a loss.
        loss: float64[n], those losses.
    """
    steps = run.step[rows]
    if course.outcome == "healthy":
        return (_calm(course, loss, steps), *_interval(course, steps))
    sentences = []
    if course.lead is not None and course.shape is not None:
        sentences += [_rise(course, loss, steps), _shape(course, course.lead, loss, steps)]
    elif course.onset is not None and course.onset > 0:
        before = loss[max(0, course.onset - WIDTH) : course.onset]
        level = np.median(before[np.isfinite(before)]) if np.isfinite(before).any() else math.nan
        sentences.append(
            f"the loss lay at {level:.4g} without a rise up to step"
            f" {steps[course.onset - 1]}, the logged point before"
        )
    sentences += _nonfinite(run)
    sentences += _grad_norm(run, int(rows[course.onset])) if course.onset is not None else []
    sentences += _interval(course, steps)
    return tuple(sentences)


def _calm(course: Course, loss: Floats, steps: Steps) -> str:
    if not len(course.height):
        return "no loss was logged"
    recent = loss[course.finite][-WIDTH:]
    return (
        f"{len(loss)} losses from step {steps[0]} to {steps[-1]}: {loss[course.finite[0]]:.4g} at"
        f" first, {float(np.median(recent)):.4g} at the end; nothing left the healthy band for good"
    )


def _rise(course: Course, loss: Floats, steps: Steps) -> str:
    lead = course.lead
    assert lead is not None
    first = course.finite[lead.start]
    before = loss[course.finite[max(0, lead.start - WIDTH) : lead.start]]
    level = float(np.median(before)) if len(before) else float(loss[first])
    times = _times(float(loss[first]), level)
    return (
        f"at step {steps[first]} the loss left its healthy band: {loss[first]:.4g} after"
        f" {level:.4g}{times}; the run's own noise is {100 * math.expm1(lead.noise):.2g} %"
    )


def _shape(course: Course, lead: Excursion, loss: Floats, steps: Steps) -> str:
    shape = course.shape
    assert shape is not None
    points = course.finite[lead.start : lead.stop]
    top = points[int(np.argmax(np.abs(loss[points])))]
    peak = f"peak {loss[top]:.4g} at step {steps[top]}"
    if course.outcome == "recovered":
        back = "" if lead.is_open else f", back in the band after {len(lead)} logged points"
        return f"{peak}, {lead.significance:.0f} times the run's own noise{back}"
    if shape.pattern == "oscillating":
        return (
            f"falls that were climbed again: {shape.num_swings}, back by up to"
            f" {100 * shape.deepest:.0f} % of the height reached;"
            f" new highs: {shape.num_highs}; {peak}"
        )
    if shape.pattern == "exponential":
        return f"{shape.num_highs} of {len(points)} points were new highs, a climb; {peak}"
    within = "one logged point" if shape.num_highs < 2 else f"{shape.num_highs} logged points"
    return f"the harm was done within {within}; {peak}"


def _nonfinite(run: MetricHistory) -> list[str]:
    loss = run.loss
    if loss is None or not loss.nonfinite.any():
        return []
    first = int(loss.nonfinite.argmax())
    name = "NaN" if math.isnan(loss.values[first]) else "Inf"
    rest = f"{loss.nonfinite.sum()} of {loss.logged.sum()} logged losses are not finite"
    return [f"first non-finite loss at step {run.step[first]} ({name}); {rest}"]


def _grad_norm(run: MetricHistory, row: int) -> list[str]:
    column = run.grad_norm
    if column is None or not column.logged[row]:
        return []
    before = column.values[:row][column.finite[:row]][-WIDTH:]
    if not len(before):
        return []
    now, usual = float(column.values[row]), float(np.median(before))
    if not math.isfinite(now):
        return [f"grad_norm is {now} there, after {usual:.4g}"]
    times = _times(now, usual)
    return [f"grad_norm {now:.4g} there, after {usual:.4g}{times}"]


def interval_of(steps: Steps) -> int:
    """Return how many steps lie between two logged points, as a rule."""
    return int(np.median(np.diff(steps))) if len(steps) > 1 else 1


def _interval(course: Course, steps: Steps) -> list[str]:
    interval = interval_of(steps)
    if interval < SPARSE:
        return []
    if course.outcome == "healthy":
        return [f"logged every {interval} steps: what came and went in between is not seen"]
    climbing = "a climb" if course.shape is None or course.shape.pattern == "spike" else "a swing"
    return [
        f"logged every {interval} steps: {climbing} of fewer than {3 * interval} steps cannot be"
        " told from a spike at this interval"
    ]


def _times(now: float, usual: float) -> str:
    return f", {now / usual:.3g} times as much" if usual > 0.0 and now > 0.0 else ""
