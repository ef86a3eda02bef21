"""Statistics of tensors, of one checkpoint and over several; nothing is measured here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Component = Literal["vision", "projector", "language", "loss", "optimizer", "data", "other"]
Role = Literal[
    "parameter", "buffer", "gradient", "exp_avg", "exp_avg_sq", "optimizer", "master", "ema",
    "scaler", "scheduler", "rng", "history", "batch", "activation", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorStats:
    """Statistics of one tensor in one pass.

    ``min``, ``max``, ``mean``, ``std`` (population) and ``l2`` are over the finite elements, None
    where there is none. Complex tensors are counted by their real and imaginary parts.
    """

    name: str
    role: Role
    dtype: str
    shape: tuple[int, ...]
    numel: int
    num_nan: int = 0
    num_posinf: int = 0
    num_neginf: int = 0
    num_zero: int = 0
    num_subnormal: int = 0
    num_at_limit: int = 0
    min: float | None = None
    max: float | None = None
    l2: float | None = None
    mean: float | None = None
    std: float | None = None
    first_bad: tuple[int, ...] | None = None
    """Logical coordinates of the first non-finite element."""
    absmax_index: tuple[int, ...] | None = None
    """Logical coordinates of the finite element of largest magnitude."""
    rms_rest: float | None = None
    """Root mean square of the finite elements but the largest: the family of a bit flip."""
    file: str = ""
    """The file that holds it, relative to what was opened; empty where there is one file only."""

    @property
    def num_nonfinite(self) -> int:
        """Elements that are NaN, +Inf or -Inf."""
        return self.num_nan + self.num_posinf + self.num_neginf

    @property
    def is_finite(self) -> bool:
        """Whether every element is finite."""
        return self.num_nonfinite == 0

    @property
    def absmax(self) -> float | None:
        """Largest magnitude of a finite element."""
        if self.min is None or self.max is None:
            return None
        return max(abs(self.min), abs(self.max))


@dataclass(frozen=True, slots=True)
class Histogram:
    """Magnitudes of one tensor by powers of two.

    Args:
        exponents: Ascending; bin ``e`` counts the elements with 2^e <= |x| < 2^(e+1).
        counts: Elements in each bin.
    """

    name: str
    exponents: tuple[int, ...]
    counts: tuple[int, ...]
    num_zero: int
    num_nonfinite: int


@dataclass(frozen=True, slots=True)
class TensorSeries:
    """One tensor over a series of checkpoints, in the order of their steps."""

    name: str
    role: Role
    steps: tuple[int | None, ...]
    l2: tuple[float | None, ...]
    """L2 norm of the finite elements; None where the checkpoint lacks the tensor."""
    num_nonfinite: tuple[int, ...]
    last_good_step: int | None = None
    """Step of the last checkpoint in which it was finite before it turned bad."""
    first_bad_step: int | None = None


@dataclass(frozen=True, slots=True)
class TensorChange:
    """What became of one tensor from checkpoint A to checkpoint B.

    ``kind``: new_nonfinite, missing (in B), added (in B), shape, dtype, reset (a moment that is
    all zero in B), moved, same.
    """

    name: str
    role: Role
    kind: str
    moved: float | None = None
    """L2 norm of the difference over the L2 norm in A, finite elements only."""
    before: TensorStats | None = None
    after: TensorStats | None = None
