"""How the rules read a log that exploded: onset, level, jump and learning rate there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nandoctor.evidence import Evidence, MetricHistory, Pattern
from nandoctor.rules.logged import BEFORE, level, spread, values
from nandoctor.rules.rates import largest_jump

SETTLED = 10  # rows that a level needs before a jump from it means something


@dataclass(frozen=True, slots=True)
class Curve:
    """A loss curve that exploded.

    Args:
        history: The last run or restart of the log, which is the one that died.
        onset: Row of the first step outside the healthy band for good.
        end: Row of the first non-finite loss, else one past the last row.
    """

    history: MetricHistory
    pattern: Pattern
    onset: int
    end: int

    @property
    def step(self) -> int:
        """Step of the onset."""
        return int(self.history.step[min(self.onset, len(self.history) - 1)])

    @property
    def crash_step(self) -> int:
        """Step of the first non-finite loss, else of the onset."""
        return int(self.history.step[self.end]) if self.end < len(self.history) else self.step

    @property
    def loss(self) -> NDArray[np.float64]:
        """Losses, NaN where not logged."""
        column = self.history.loss
        assert column is not None
        return np.where(column.logged, column.values, math.nan)

    @property
    def level(self) -> float:
        """Median magnitude of the loss before the onset, of the first rows where there is none."""
        return level(self.loss, self.onset)

    @property
    def peak(self) -> float:
        """Largest finite loss from the onset to the end, 0 where there is none."""
        rows = np.abs(self.loss[self.onset : self.end])
        finite = rows[np.isfinite(rows)]
        return float(finite.max()) if finite.size else 0.0

    @property
    def rise(self) -> float:
        """How many times its level the loss reached while it was still finite."""
        return self.peak / max(self.level, 1e-12)

    @property
    def num_rising(self) -> int:
        """Finite logged rows from the onset to the first non-finite loss."""
        return int(np.isfinite(self.loss[self.onset : self.end]).sum())

    @property
    def is_sudden(self) -> bool:
        """Whether the loss jumped tenfold, or to NaN, from one row to the next."""
        if self.onset >= self.end:
            return True
        first = abs(self.loss[self.onset])
        if self.onset < SETTLED or not first > 10 * max(self.level, self.noise):
            return False
        return not self.is_announced

    @property
    def is_announced(self) -> bool:
        """Whether the gradient norm left its range in the rows just before the onset."""
        norms = self.grad_norm
        if norms is None:
            return False
        near = norms[max(0, self.onset - 8) : self.onset]
        far = norms[max(0, self.onset - 8 - BEFORE) : max(0, self.onset - 8)]
        near, far = near[~np.isnan(near)], far[np.isfinite(far)]
        return bool(near.size and far.size and near.max() > 1.5 * far.max())

    @property
    def noise(self) -> float:
        """Median absolute deviation of the loss before the onset."""
        return spread(self.loss, self.onset)

    @property
    def lr(self) -> NDArray[np.float64] | None:
        """Learning rates, NaN where not logged; None where none is."""
        return values(self.history.lr)

    @property
    def grad_norm(self) -> NDArray[np.float64] | None:
        """Gradient norms, NaN where not logged; None where none is."""
        return values(self.history.grad_norm)

    @property
    def is_past_peak(self) -> bool:
        """Whether the rate at the onset is well below one that trained soundly for long before."""
        rates, here = self.lr, self.lr_at(self.onset)
        if rates is None or here is None:
            return False
        sound = rates[: max(self.onset - SETTLED, 0)]
        sound = sound[np.isfinite(sound)]
        return bool(sound.size >= BEFORE and (sound > 1.25 * here).sum() >= BEFORE)

    def lr_jump(self) -> tuple[float, int] | None:
        """Return the largest jump of the lr that lasted to the onset: factor, row."""
        rates = self.lr
        if rates is None:
            return None
        return largest_jump(rates, self.onset, self.lr_at(self.onset) or 0.0)

    def lr_at(self, row: int) -> float | None:
        """Return the learning rate of a row, the nearest one before it where it was not logged."""
        rates = self.lr
        if rates is None:
            return None
        known = rates[: row + 1][np.isfinite(rates[: row + 1])]
        return float(known[-1]) if known.size else None


def curve_of(evidence: Evidence) -> Curve | None:
    """Return the curve of the run that died, None where the loss did not explode."""
    history, pattern = evidence.history, evidence.pattern
    if history is None or pattern is None or history.loss is None:
        return None
    if pattern.outcome not in ("nan", "inf", "diverged") or pattern.onset_step is None:
        return None
    steps = history.step
    if pattern.first_nonfinite_step is not None:
        crash = np.flatnonzero(steps == pattern.first_nonfinite_step)
    else:
        crash = np.array([len(steps)])
    onset = np.flatnonzero(steps >= pattern.onset_step)
    if not crash.size or not onset.size:
        return None
    return Curve(history, pattern, int(min(onset[0], crash[0])), int(crash[0]))
