"""A training log as arrays; what its curve means stands elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Column:
    """One metric over the rows of a log.

    Args:
        values: float64[n]; NaN and ±Inf as logged; meaningless where not logged.
        logged: bool[n]; False where the row does not carry this metric.
    """

    values: NDArray[np.float64]
    logged: NDArray[np.bool_]

    @property
    def finite(self) -> NDArray[np.bool_]:
        """bool[n]: logged and finite."""
        mask: NDArray[np.bool_] = self.logged & np.isfinite(self.values)
        return mask

    @property
    def nonfinite(self) -> NDArray[np.bool_]:
        """bool[n]: logged and NaN or ±Inf."""
        mask: NDArray[np.bool_] = self.logged & ~np.isfinite(self.values)
        return mask

    def __getitem__(self, rows: Any) -> Column:
        return Column(self.values[rows], self.logged[rows])


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """A training log as arrays, one row a logged step, in file order.

    Canonical column names: ``loss``, ``grad_norm``, ``lr``, ``loss_scale``; further metrics keep
    the name that the log gives them (``val_loss``, ``update_norm``, ``num_nan_steps``, ...).
    """

    step: NDArray[np.int64]
    columns: Mapping[str, Column]
    line: NDArray[np.int64]
    """int64[n]: 1-based line in the file, 0 where the format has no lines."""
    segment: NDArray[np.int32]
    """int32[n]: which run or restart of the file a row belongs to, from 0."""
    is_step_index: bool = False
    """The log prints no step: ``step`` is the row's index."""

    def __len__(self) -> int:
        return len(self.step)

    @property
    def loss(self) -> Column | None:
        """The training loss."""
        return self.columns.get("loss")

    @property
    def grad_norm(self) -> Column | None:
        """The global gradient norm before clipping."""
        return self.columns.get("grad_norm")

    @property
    def lr(self) -> Column | None:
        """The learning rate."""
        return self.columns.get("lr")

    @property
    def loss_scale(self) -> Column | None:
        """The mixed-precision loss scale."""
        return self.columns.get("loss_scale")

    def rows(self, rows: Any) -> MetricHistory:
        """Return the rows that a mask, slice or index array selects."""
        return replace(
            self,
            step=self.step[rows],
            line=self.line[rows],
            segment=self.segment[rows],
            columns={name: column[rows] for name, column in self.columns.items()},
        )

    def segments(self) -> Iterator[MetricHistory]:
        """Yield the history of each run or restart in the file."""
        for number in np.unique(self.segment):
            yield self.rows(self.segment == number)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame indexed by step; not-logged cells are ``pd.NA``."""
        import pandas as pd

        data: dict[str, Any] = {"line": self.line, "segment": self.segment}
        for name, column in self.columns.items():
            data[name] = pd.arrays.FloatingArray(column.values.copy(), ~column.logged)
        return pd.DataFrame(data, index=pd.Index(self.step, name="step"))


def metric_history(
    step: Any, *, line: Any = None, segment: Any = None, is_step_index: bool = False,
    **columns: Any,
) -> MetricHistory:  # fmt: skip
    """Build a MetricHistory from sequences; None in a sequence = not logged."""
    steps = np.asarray(step, dtype=np.int64)
    zeros = np.zeros(len(steps), dtype=np.int64)
    return MetricHistory(
        step=steps,
        columns={name: column_of(values) for name, values in columns.items() if values is not None},
        line=zeros if line is None else np.asarray(line, dtype=np.int64),
        segment=(zeros if segment is None else np.asarray(segment)).astype(np.int32),
        is_step_index=is_step_index,
    )


def column_of(values: Any) -> Column:
    """Build a Column from a sequence of numbers and None (not logged)."""
    logged = np.array([value is not None for value in values], dtype=bool)
    numbers = np.array([np.nan if value is None else float(value) for value in values])
    return Column(numbers.astype(np.float64), logged)
