"""Statistics of a block of one-byte elements, exactly, from their histogram."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nandoctor.checkpoints.dtypes import ElementType, byte_table, smallest_normal
from nandoctor.checkpoints.partial import Partial


def measure_table(raw: NDArray[np.uint8], kind: ElementType, table: NDArray[np.float64]) -> Partial:
    """Return the statistics of a block of one-byte elements, exactly, from their histogram."""
    counts = _histogram(raw)
    present = np.flatnonzero(counts)
    values, counts = table[present], counts[present]
    finite = np.isfinite(values)
    part = Partial()
    if not finite.all():
        part.num_nan = int(counts[np.isnan(values)].sum())
        part.num_posinf = int(counts[values == np.inf].sum())
        part.num_neginf = int(counts[values == -np.inf].sum())
        part.first_bad = int(np.argmin(np.isfinite(table)[raw]))
    values, counts = values[finite], counts[finite]
    if not len(values):
        return part
    size = np.abs(values)
    part.num_finite = int(counts.sum())
    part.num_zero = int(counts[values == 0].sum())
    if kind.family == "table":
        normal = smallest_normal(kind.base)
        part.num_subnormal = int(counts[(size < normal) & (size > 0)].sum())
    full = np.abs(table[np.isfinite(table)]).max() if kind.family == "table" else None
    edges = size == full if full is not None else _integer_edges(kind, values)
    part.num_at_limit = int(counts[edges].sum())
    part.min, part.max, part.absmax = float(values.min()), float(values.max()), float(size.max())
    part.absmax_at = int(np.argmax(np.abs(table)[raw] == part.absmax))
    part.mean = float((values * counts).sum() / part.num_finite)
    part.squares = float((np.square(values - part.mean) * counts).sum())
    rest = counts.copy()
    rest[int(np.argmax(size))] -= 1
    part.rest = float((np.square(values) * rest).sum())
    return part


def _integer_edges(kind: ElementType, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    table = byte_table(kind.base)
    edges: NDArray[np.bool_] = values == table.max()
    if table.min() < 0:
        edges = edges | (values == table.min())
    return edges & (kind.base != "bool")


def _histogram(raw: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count the bytes two at a time: half the work of one at a time."""
    even = len(raw) // 2 * 2
    if even < 1 << 14:
        return np.bincount(raw, minlength=256).astype(np.int64)
    pairs = np.bincount(raw[:even].view(np.uint16), minlength=65536).reshape(256, 256)
    counts: NDArray[np.int64] = pairs.sum(axis=0) + pairs.sum(axis=1)
    counts[raw[even:]] += 1
    return counts
