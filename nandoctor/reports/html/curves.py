"""The curves as inline SVG: loss, grad norm, learning rate and loss scale on one step axis."""

from __future__ import annotations

import json

import numpy as np

from nandoctor.findings import Report
from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.html.blocks import bullets, section
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import pattern_facts
from nandoctor.reports.summary import pattern_title
from nandoctor.reports.words import Words

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 720, 86, 14, 22, 26
POINTS = 1000
_METRICS = (("loss", 260), ("grad_norm", 150), ("lr", 110), ("loss_scale", 110))


def curves(report: Report, say: Words) -> Markup | None:
    """Return the loss curve with its marks, below it what moves with it, and the numbers."""
    drawn = [(curve(report, name), height) for name, height in _METRICS]
    figures = [
        _figure(line, height, say)
        for line, height in drawn
        if line is not None and (line.name == "loss" or _varies(line))
    ]
    facts = pattern_facts(report, say)
    if not figures and not facts:
        return None
    title = say("Loss curve")
    if report.pattern is not None:
        title += f": {pattern_title(report.pattern, say)}"
    return section(title, figures, bullets([(fact, "") for fact in facts]) if facts else None)


def _varies(line: Curve) -> bool:
    return bool(np.nanmax(line.value) > np.nanmin(line.value))


def _figure(line: Curve, height: int, say: Words) -> Markup:
    line = line.thinned(POINTS)
    name = say(line.name.replace("_", " ")) + (f" ({say('log scale')})" if line.is_log else "")
    pieces = [_grid(line, height), _path(line, height), *_marks(line, height, say)]
    title = el("text", name, x=LEFT, y=14, class_="name")
    readout = el("text", "", x=WIDTH - RIGHT, y=14, class_="readout", text_anchor="end")
    picture = el(
        "svg", title, readout, pieces, viewBox=f"0 0 {WIDTH} {height}", role="img",
        aria_label=name, data_curve=_data(line), data_box=f"{LEFT},{WIDTH - RIGHT}",
    )  # fmt: skip
    return el("figure", picture)


def _data(line: Curve) -> str:
    """Return the points for the pointer's readout; a non-finite value is null."""
    values = [float(f"{v:.5g}") if np.isfinite(v) else None for v in line.value.tolist()]
    return json.dumps([[int(step) for step in line.step.tolist()], values])


def _span(line: Curve) -> tuple[float, float]:
    heights = line.scaled()
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    room = (high - low) * 0.04 or 0.5
    return low - room, high + room


def _x(line: Curve, step: float) -> float:
    first, last = float(line.step.min()), float(line.step.max())
    return LEFT + (step - first) / max(last - first, 1e-12) * (WIDTH - LEFT - RIGHT)


def _y(line: Curve, height: int, value: float) -> float:
    low, high = _span(line)
    return TOP + (high - value) / (high - low) * (height - TOP - BOTTOM)


def _grid(line: Curve, height: int) -> list[Markup]:
    low, high = _span(line)
    pieces = []
    for share in (0.08, 0.5, 0.92):
        at = high - (high - low) * share
        y = f"{_y(line, height, at):.1f}"
        pieces.append(el("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        label = f"{line.unscaled(at):.3g}"
        pieces.append(el("text", label, x=LEFT - 8, y=y, class_="tick", text_anchor="end", dy=4))
    ends = ((line.step.min(), "start"), (line.step.max(), "end"))
    pieces += [
        el("text", f"{step:.0f}", x=f"{_x(line, step):.1f}", y=height - 6, class_="tick",
           text_anchor=anchor)
        for step, anchor in ends
    ]  # fmt: skip
    return pieces


def _path(line: Curve, height: int) -> Markup:
    """Return the line, broken where the metric is not finite; a lone point is a dot."""
    parts, is_open = [], False
    for step, value in zip(line.step.tolist(), line.scaled().tolist(), strict=True):
        if not np.isfinite(value):
            is_open = False
            continue
        parts.append(f"{'L' if is_open else 'M'}{_x(line, step):.1f} {_y(line, height, value):.1f}")
        is_open = True
    return el("path", d="".join(parts) + ("h0" if parts else ""), class_="curve")


def _marks(line: Curve, height: int, say: Words) -> list[Markup]:
    bottom = height - BOTTOM
    pieces, labels = [], []
    for step in line.bad_step[:200].tolist():
        x = f"{_x(line, step):.1f}"
        pieces.append(el("line", x1=x, x2=x, y1=TOP, y2=bottom, class_="bad"))
    marked = [(line.onset, "onset"), (next(iter(line.alarm), None), "alarm")]
    marked += [(next(iter(line.bad_step.tolist()), None), "NaN")]
    for row, (step, name) in enumerate(marked):
        if step is None or not line.step.min() <= step <= line.step.max():
            continue
        at = _x(line, step)
        x, is_right = f"{at:.1f}", at > WIDTH * 0.6
        pieces.append(el("line", x1=x, x2=x, y1=TOP, y2=bottom, class_=f"mark {name.lower()}"))
        if line.name == "loss":
            labels.append(
                el("text", f"{say(name)} {step:.0f}", x=x, y=TOP + 16 + 20 * row,
                   dx=-6 if is_right else 6, text_anchor="end" if is_right else "start",
                   class_=f"label {name.lower()}")
            )  # fmt: skip
    return pieces + labels
