"""Counts and sums of a part of a tensor, and how two of them join; no bytes are looked at here."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Partial:
    """Statistics of some elements.

    The sums are those of ``value * 2**-exponent``, so that squares of float64 neither overflow nor
    vanish; the exponent is 0 but for extreme values. ``first_bad`` and ``absmax_at`` are logical
    flat indices. ``rest`` is the sum of squares without the largest element: one flipped bit would
    drown it otherwise.
    """

    num_finite: int = 0
    num_nan: int = 0
    num_posinf: int = 0
    num_neginf: int = 0
    num_zero: int = 0
    num_subnormal: int = 0
    num_at_limit: int = 0
    min: float = math.inf
    max: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0
    """Sum of squared differences from the mean."""
    rest: float = 0.0
    absmax: float = -1.0
    absmax_at: int = -1
    first_bad: int = -1
    exponent: int = 0

    def scaled_to(self, exponent: int) -> None:
        """Express the sums in another power of two."""
        shift = self.exponent - exponent
        if shift:
            self.mean = math.ldexp(self.mean, shift)
            self.squares = math.ldexp(self.squares, 2 * shift)
            self.rest = math.ldexp(self.rest, 2 * shift)
            self.exponent = exponent

    def add(self, other: Partial) -> None:
        """Take in the statistics of further elements (Chan's update of mean and variance)."""
        for name in ("num_nan", "num_posinf", "num_neginf", "num_zero", "num_subnormal"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.num_at_limit += other.num_at_limit
        if other.first_bad >= 0 and (self.first_bad < 0 or other.first_bad < self.first_bad):
            self.first_bad = other.first_bad
        if not other.num_finite:
            return
        self._add_sums(other)
        self.min = min(self.min, other.min)
        self.max = max(self.max, other.max)

    def _add_sums(self, other: Partial) -> None:
        if not self.num_finite:
            self.exponent = other.exponent
        shared = max(self.exponent, other.exponent)
        self.scaled_to(shared)
        other.scaled_to(shared)
        total = self.num_finite + other.num_finite
        apart = other.mean - self.mean
        weight = other.num_finite / total
        self.squares += other.squares + apart * apart * self.num_finite * weight
        self.mean += apart * weight
        self.num_finite = total
        smaller = min(self.absmax, other.absmax)
        self.rest += other.rest
        if smaller >= 0:
            self.rest += math.ldexp(smaller, -shared) ** 2
        if other.absmax > self.absmax or (
            other.absmax == self.absmax and other.absmax_at < self.absmax_at
        ):
            self.absmax, self.absmax_at = other.absmax, other.absmax_at

    def repeat(self, times: int) -> None:
        """Count every element several times (a view that is expanded over few elements)."""
        if times == 1:
            return
        for name in ("num_nan", "num_posinf", "num_neginf", "num_zero", "num_subnormal"):
            setattr(self, name, getattr(self, name) * times)
        self.num_at_limit *= times
        if self.num_finite and times:
            top = math.ldexp(self.absmax, -self.exponent) ** 2
            self.rest = self.rest * times + top * (times - 1)
        self.squares *= times
        self.num_finite *= times

    def add_zeros(self, count: int) -> None:
        """Take in the elements that a sparse layout does not store."""
        if count > 0:
            absmax_at = 0 if not self.num_finite else 1 << 62
            self.add(
                Partial(
                    num_finite=count, num_zero=count, min=0.0, max=0.0, absmax=0.0,
                    absmax_at=absmax_at, exponent=self.exponent,
                )
            )  # fmt: skip

    @property
    def l2(self) -> float:
        """Euclidean norm of the finite elements."""
        if not self.num_finite:
            return 0.0
        top = math.ldexp(self.absmax, -self.exponent)
        return _ldexp(math.sqrt(self.rest + top * top), self.exponent)

    @property
    def std(self) -> float:
        """Population standard deviation of the finite elements."""
        if not self.num_finite or self.min == self.max:
            return 0.0
        return _ldexp(math.sqrt(max(0.0, self.squares) / self.num_finite), self.exponent)

    @property
    def rms_rest(self) -> float | None:
        """Root mean square without the largest element."""
        if self.num_finite < 2:
            return None
        return _ldexp(math.sqrt(max(0.0, self.rest) / (self.num_finite - 1)), self.exponent)


def _ldexp(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf
