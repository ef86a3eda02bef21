"""The course of one run: how it ended and the excursion that tells it; words are account.py's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Outcome, PatternName
from nandoctor.signals.excursions import Excursion, find_excursions, with_foot
from nandoctor.signals.noise import ENOUGH, Floats
from nandoctor.signals.relapse import relapse
from nandoctor.signals.scale import scale_of
from nandoctor.signals.shape import Shape, shape_of
from nandoctor.signals.significance import (
    MIN_CLIMB,
    far_above_start,
    is_spike,
    open_end,
    rare_spikes,
)
from nandoctor.signals.swing import growing_swing, growing_waves

_MOSTLY = 0.5
_HUGE = 1e150
_OWN_CLIMB = 8
"""New highs after which a climb needs no earlier swings to be understood."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a run went.

    Args:
        onset: Position of the first point outside the healthy band, None where there is none.
        crash: Position of the first non-finite loss of the final failure.
        lead: The excursion that tells it, in positions of ``finite``; None without a rise.
        finite: Positions of the finite losses that were looked at.
        height: Their heights.
    """

    outcome: Outcome
    onset: int | None
    crash: int | None
    lead: Excursion | None
    shape: Shape | None
    finite: NDArray[np.intp]
    height: Floats

    @property
    def pattern(self) -> PatternName:
        """The shape's pattern; a failure without a rise is a spike."""
        if self.outcome == "healthy":
            return "healthy"
        return self.shape.pattern if self.shape else "spike"


def course_of(loss: Floats) -> Course:
    """Return the course of one run from its logged losses in order, float64[n]."""
    crash = final_failure(loss)
    finite = np.flatnonzero(np.isfinite(loss[:crash]))
    values = np.clip(loss[finite], -_HUGE, _HUGE)
    height = scale_of(values).height(values) if len(finite) else np.empty(0)
    blank = Course("healthy", None, crash, None, None, finite, height)
    if crash is not None:
        return _crashed(blank, "nan" if math.isnan(loss[crash]) else "inf")
    if not len(finite):
        return blank
    if waves := growing_waves(find_excursions(height), height):
        return _led_by(waves, replace(blank, outcome="diverged"), "oscillating")
    # A hump while the run warms up is no spike, and its narrow band says nothing later on.
    for begin in (0, ENOUGH) if len(height) >= 2 * ENOUGH else (0,):
        found = find_excursions(height, begin=begin)
        if found and found[-1].is_open and (outcome := open_end(found[-1], height)):
            return _open(found[-1], replace(blank, outcome=outcome))
    if climb := far_above_start(height):
        return _led_by(climb, replace(blank, outcome="diverged"))
    if fall_back := relapse(height):
        return _led_by(fall_back, replace(blank, outcome="diverged"), "spike")
    if swing := growing_swing(height):
        return _led_by(swing, replace(blank, outcome="ongoing"), "oscillating")
    spikes = rare_spikes(found, len(height))
    if spikes:
        worst = max(spikes, key=lambda excursion: excursion.jump)
        return _passing(worst, replace(blank, outcome="recovered"))
    if len(finite) < len(loss):
        return replace(blank, outcome="recovered", onset=int(np.flatnonzero(~np.isfinite(loss))[0]))
    return blank


def final_failure(loss: Floats) -> int | None:
    """Return where the final run of mostly non-finite losses begins, None where none is final."""
    bad = ~np.isfinite(loss)
    if not len(loss) or not bad[-1]:
        return None
    share_from = np.cumsum(bad[::-1])[::-1] / np.arange(len(bad), 0, -1)
    return int(np.flatnonzero(bad & (share_from >= _MOSTLY))[0])


def _crashed(blank: Course, outcome: Outcome) -> Course:
    blank = replace(blank, outcome=outcome, onset=blank.crash)
    found = find_excursions(blank.height) if len(blank.height) else []
    if not found:
        return blank
    last, gap = found[-1], len(blank.height) - found[-1].stop
    # In a swing the failure may come while the loss is down.
    is_at_failure = last.is_open or (gap <= len(last) and last.peak > 2.0 * last.band)
    is_at_failure &= last.peak > MIN_CLIMB
    if not is_at_failure:
        # A spike shortly before the failure began it, though the loss came back once more.
        return _passing(last, blank) if gap <= ENOUGH and is_spike(last) else blank
    last = with_foot(last, blank.height)
    return _led_by(_joined_to_swings(last, found[:-1], blank.height), blank)


def _joined_to_swings(last: Excursion, earlier: list[Excursion], height: Floats) -> Excursion:
    """Return the last excursion begun at the first of the growing swings that led up to it."""
    if shape_of(height[last.start : last.stop] - last.level, last.band).num_highs >= _OWN_CLIMB:
        return last
    start, length, joined = last.start, len(last), []
    for previous in reversed(earlier):
        is_near = start - previous.stop <= max(length, len(previous)) + 1
        if not is_near or previous.peak < 2.0 * previous.band:
            break
        start, length = previous.start, len(previous)
        joined.append(previous)
    swung = replace(last, start=start, noise=joined[-1].noise) if joined else last
    shape = shape_of(height[start : last.stop] - last.level, last.band)
    return swung if len(joined) >= 2 and shape.pattern == "oscillating" else last


def _open(last: Excursion, course: Course) -> Course:
    if course.outcome == "recovered":
        return _passing(last, course)
    return _led_by(with_foot(last, course.height), course)


def _passing(excursion: Excursion, course: Course) -> Course:
    """Return the course told by a spike that came back: whatever its shape, the harm passed."""
    return replace(_led_by(excursion, course), shape=shape_of(np.ones(1), 0.0))


def _led_by(excursion: Excursion, course: Course, pattern: PatternName | None = None) -> Course:
    rise = course.height[excursion.start : excursion.stop] - excursion.level
    shape = shape_of(rise[: int(rise.argmax()) + 1], excursion.band, excursion.noise)
    onset = int(course.finite[excursion.start])
    shape = replace(shape, pattern=pattern or shape.pattern)
    return replace(course, onset=onset, lead=excursion, shape=shape)
