"""Rows of a log that name the same metrics, gathered compactly; which of them matters is decided
elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_FLUSH = 4096
BAR = "bar"
"""Key of a ``n/N`` that has no name of its own."""
LEADING = "leading number"
"""Key of a whole number that begins a line and has no name (``[100] loss=...``)."""
MAX_GROUPS = 2000


@dataclass(slots=True, eq=False)
class Group:
    """Lines that name the same metrics.

    Args:
        keys: One name a column, as the log spells it (normalised spaces).
        rank: The rank that printed the lines, where they say so.
    """

    keys: tuple[str, ...]
    rank: int | None = None
    bar: int = 0
    """Bars whose numbers are running means of the epoch: 1 = while it runs, 2 = at its end; 3 = a
    row of a printed table, which may be redrawn."""
    _lines: list[int] = field(default_factory=list)
    _rows: list[tuple[float, ...]] = field(default_factory=list)
    _context: list[float] = field(default_factory=list)
    _chunks: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=list
    )
    masks: list[NDArray[np.bool_] | None] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, row: tuple[float, ...], context: float = np.nan) -> None:
        """Add one row; ``context`` is the step or epoch that a line above announced."""
        self._lines.append(line)
        self._rows.append(row)
        self._context.append(context)
        self.count += 1
        if len(self._lines) >= _FLUSH:
            self._flush()

    def add_many(
        self,
        lines: NDArray[np.int64],
        rows: NDArray[np.float64],
        logged: NDArray[np.bool_] | None = None,
        context: NDArray[np.float64] | None = None,
    ) -> None:
        """Add rows at once; ``logged`` (same shape) tells which cells the log really holds."""
        self._flush()
        if context is None:
            context = np.broadcast_to(np.nan, len(lines))
        self._chunks.append((lines, rows, context))
        self.masks.append(logged)
        self.count += len(lines)

    def logged_count(self, key: str) -> int:
        """Count the rows that hold a value for ``key``."""
        if all(mask is None for mask in self.masks):
            return self.count
        column = self.keys.index(key)
        return int(np.count_nonzero(self.table()[2][:, column]))

    def _flush(self) -> None:
        if self._lines:
            rows = np.array(self._rows, dtype=np.float64).reshape(len(self._lines), -1)
            self._chunks.append((np.array(self._lines), rows, np.array(self._context)))
            self.masks.append(None)
            self._lines, self._rows, self._context = [], [], []

    def table(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """Return lines int64[n], values float64[n, k], logged bool[n, k] and context float64[n]."""
        self._flush()
        if len(self._chunks) == 1:
            lines, values, context = self._chunks[0]
            mask = self.masks[0]
            if mask is None:
                mask = np.broadcast_to(np.ones((len(lines), 1), bool), values.shape)
                self.masks[0] = mask
            return lines, values, mask, context
        width = len(self.keys)
        if not self._chunks:
            return (
                np.zeros(0, np.int64),
                np.zeros((0, width)),
                np.zeros((0, width), bool),
                np.zeros(0),
            )
        lines = np.concatenate([chunk[0] for chunk in self._chunks])
        values = np.concatenate([chunk[1] for chunk in self._chunks])
        context = np.concatenate([chunk[2] for chunk in self._chunks])
        logged = np.concatenate(
            [
                np.ones(chunk[1].shape, bool) if mask is None else mask
                for chunk, mask in zip(self._chunks, self.masks, strict=True)
            ]
        )
        table = lines, values, logged, context
        if (np.diff(lines) < 0).any():
            order = np.argsort(lines, kind="stable")
            table = lines[order], values[order], logged[order], context[order]
        self._chunks, self.masks = [(table[0], table[1], table[3])], [table[2]]
        return table


@dataclass(slots=True)
class Groups:
    """The groups of one log, by what their lines name."""

    by_keys: dict[tuple[object, ...], Group] = field(default_factory=dict)

    def of(
        self, keys: tuple[str, ...], rank: int | None = None, bar: int = 0, length: int = 0
    ) -> Group | None:
        """Return the group of such lines; None where a log invents ever new names.

        Args:
            keys: What the lines name.
            rank: The rank that printed them.
            bar: As in ``Group``.
            length: How long their bar is: a validation's differs from training's.
        """
        name = (keys, rank, bar, length)
        group = self.by_keys.get(name)
        if group is None:
            if len(self.by_keys) >= MAX_GROUPS:
                return None
            group = self.by_keys[name] = Group(keys, rank, bar)
        return group
