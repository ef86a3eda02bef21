"""A curve as lines of Braille or ASCII characters; styles nothing and picks no curve."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nandoctor.reports.curve import Curve
from nandoctor.reports.words import Words

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille bits by row and column of a cell."""
_LABEL = 9


def plot(curve: Curve, width: int, height: int, *, is_ascii: bool = False) -> list[str]:
    """Draw a curve with its y labels, x axis and marks; frames and marks are not ASCII yet.

    Args:
        curve: With at least one finite value.
        width: Columns in all, labels included.
        height: Lines of the drawing itself; two more hold the axis and its labels.
        is_ascii: Draw with ASCII characters, one point a cell instead of eight.
    """
    across, down = (1, 1) if is_ascii else (2, 4)
    cells = width - _LABEL - 1
    curve = curve.thinned(8 * cells)
    span = _span(curve)
    dots = _dots(curve, span, cells * across, height * down)
    canvas = _characters(dots, across, down)
    _overlay(canvas, curve, cells)
    labels = _labels(curve, span, height)
    lines = [f"{label:>{_LABEL}}│{''.join(row)}" for label, row in zip(labels, canvas, strict=True)]
    return [*lines, _axis(curve, cells), _step_labels(curve, cells)]


def _span(curve: Curve) -> tuple[float, float]:
    heights = curve.scaled()
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _columns(curve: Curve, step: NDArray[np.float64], num: int) -> NDArray[np.int64]:
    first, last = float(curve.step.min()), float(curve.step.max())
    place = (step - first) / max(last - first, 1e-12) * (num - 1)
    return np.clip(np.round(place), 0, num - 1).astype(np.int64)


def _dots(curve: Curve, span: tuple[float, float], num: int, down: int) -> NDArray[np.bool_]:
    """bool[down, num]: what is inked; every column spans the values that fall into it."""
    finite = np.isfinite(curve.value)
    rows = (span[1] - curve.scaled()[finite]) / (span[1] - span[0]) * (down - 1)
    rows = np.round(rows).astype(np.int64)
    columns = _columns(curve, curve.step[finite], num)
    bad = _columns(curve, curve.bad_step, num)
    dots = np.zeros((down, num), dtype=bool)
    dots[rows, columns] = True
    points = list(zip(columns.tolist(), rows.tolist(), strict=True))
    for (c0, r0), (c1, r1) in pairwise(points):
        if not ((bad > c0) & (bad < c1)).any():
            _line(dots, c0, r0, c1, r1)
    return dots


def _line(dots: NDArray[np.bool_], c0: int, r0: int, c1: int, r1: int) -> None:
    length = max(abs(c1 - c0), abs(r1 - r0))
    if length > 1:
        share = np.linspace(0.0, 1.0, length + 1)
        rows = np.round(r0 + (r1 - r0) * share).astype(np.int64)
        dots[rows, np.round(c0 + (c1 - c0) * share).astype(np.int64)] = True


def _characters(dots: NDArray[np.bool_], across: int, down: int) -> list[list[str]]:
    if across == 1:
        return [["*" if dot else " " for dot in row] for row in dots]
    codes = np.zeros((dots.shape[0] // down, dots.shape[1] // across), dtype=np.int64)
    for row, bits in enumerate(_DOTS):
        for column, bit in enumerate(bits):
            codes += bit * dots[row::down, column::across]
    return [[chr(0x2800 + code) if code else " " for code in row] for row in codes.tolist()]


def _overlay(canvas: list[list[str]], curve: Curve, cells: int) -> None:
    """Draw the onset as a dotted line and non-finite steps as crosses in the top line."""
    if curve.onset is not None and _is_inside(curve, curve.onset):
        column = int(_columns(curve, np.array([curve.onset]), cells)[0])
        for row in canvas:
            if row[column] == " ":
                row[column] = "┊"
    for column in set(_columns(curve, curve.bad_step, cells).tolist()):
        canvas[0][column] = "✗"


def _is_inside(curve: Curve, step: float) -> bool:
    return bool(curve.step.min() <= step <= curve.step.max())


def _labels(curve: Curve, span: tuple[float, float], height: int) -> list[str]:
    labels = [""] * height
    for row in {0, (height - 1) // 2, height - 1}:
        share = row / max(height - 1, 1)
        labels[row] = f"{curve.unscaled(span[1] - (span[1] - span[0]) * share):.3g} "
    return labels


def _axis(curve: Curve, cells: int) -> str:
    axis = ["─"] * cells
    marks: list[tuple[tuple[float | None, ...], str]] = [
        (curve.watch[:1], "w"),
        (curve.alarm[:1], "a"),
    ]
    marks += [((curve.onset,), "▲"), (tuple(curve.bad_step[:1]), "✗")]
    for steps, sign in marks:
        for step in steps:
            if step is not None and _is_inside(curve, step):
                axis[int(_columns(curve, np.array([step]), cells)[0])] = sign
    return " " * _LABEL + "└" + "".join(axis)


def _step_labels(curve: Curve, cells: int) -> str:
    first, last = f"{curve.step.min():.0f}", f"{curve.step.max():.0f}"
    gap = max(cells - len(first) - len(last), 1)
    return " " * (_LABEL + 1) + first + " " * gap + last


def legend(drawn: Curve, say: Words) -> str:
    """Return what the marks on the axis stand for."""
    parts = []
    marks = [
        (drawn.onset, "▲", "onset"),
        (drawn.watch[0] if drawn.watch else None, "w", "watch"),
        (drawn.alarm[0] if drawn.alarm else None, "a", "alarm"),
        (drawn.bad_step[0] if len(drawn.bad_step) else None, "✗", "NaN"),
    ]
    for step, sign, name in marks:
        if step is not None:
            parts.append(f"{sign} {say(name)} {step:.0f}")
    return "   ".join(parts)
