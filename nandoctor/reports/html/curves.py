"""The curves as inline SVG: loss, grad norm, learning rate and loss scale on one step axis.

Heights are pixels and widths per cent, so that text keeps its size on a phone.
"""

from __future__ import annotations

import json
import math

import numpy as np

from nandoctor.findings import Report
from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.html.blocks import bullets, section
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import pattern_facts
from nandoctor.reports.summary import pattern_title
from nandoctor.reports.ticks import linear_ticks, log_ticks, tick_label
from nandoctor.reports.words import Words

AXIS, TOP, BOTTOM = 56, 8, 22
POINTS = 1000
_METRICS = (("loss", 240), ("grad_norm", 140), ("lr", 104), ("loss_scale", 104))


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
        title += say(": ") + pattern_title(report.pattern, say)
    return section(title, figures, bullets([(fact, "") for fact in facts]) if facts else None)


def _varies(line: Curve) -> bool:
    return bool(np.nanmax(line.value) > np.nanmin(line.value))


def _figure(line: Curve, height: int, say: Words) -> Markup:
    line = line.thinned(POINTS)
    name = say(line.name.replace("_", " "))
    scale = el("span", say("log scale")) if line.is_log else None
    readout = el("output", class_="readout")
    ticks = _ticks(line, max(2, height // 45))
    labels = [
        el("text", text, x=AXIS - 8, y=f"{_y(line, height, at):.1f}", dy=4, text_anchor="end")
        for at, text in ticks
    ]
    axis = el("svg", labels, width=AXIS, height=height, class_="axis", aria_hidden="true")
    pieces = [_grid(line, height, ticks), _path(line, height), *_marks(line, height, say)]
    area = el(
        "svg", pieces, width="100%", height=height, role="img", tabindex=0, class_="area",
        aria_label=name, data_curve=_data(line), data_step=say("step"),
    )  # fmt: skip
    caption = el("figcaption", el("b", name), scale, readout)
    return el("figure", caption, el("div", axis, area, class_="plot"), class_="chart")


def _data(line: Curve) -> str:
    """Return the points for the pointer's readout; a non-finite value is null."""
    values = [float(f"{v:.5g}") if np.isfinite(v) else None for v in line.value.tolist()]
    return json.dumps([[int(step) for step in line.step.tolist()], values])


def _span(line: Curve) -> tuple[float, float]:
    heights = line.scaled()
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    room = (high - low) * 0.06 or abs(high) * 0.1 or 0.5
    return low - room, high + room


def _ticks(line: Curve, num: int) -> list[tuple[float, str]]:
    """Return height on the scale of the drawing and label of about ``num`` y ticks."""
    low, high = _span(line)
    if line.is_log:
        return [(tick, tick_label(line.unscaled(tick))) for tick in log_ticks(low, high, num)]
    ticks = linear_ticks(low, high, num)
    spacing = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    return [(tick, tick_label(tick, spacing)) for tick in ticks]


def _share(line: Curve, step: float) -> float:
    """Return the place of a step on the axis, 0..100."""
    first, last = float(line.step.min()), float(line.step.max())
    return 100 * (step - first) / max(last - first, 1e-12)


def _x(line: Curve, step: float) -> str:
    return f"{_share(line, step):.2f}%"


def _y(line: Curve, height: int, value: float) -> float:
    low, high = _span(line)
    return TOP + (high - value) / (high - low) * (height - TOP - BOTTOM)


def _grid(line: Curve, height: int, ticks: list[tuple[float, str]]) -> list[Markup]:
    pieces = []
    for at, _ in ticks:
        y = f"{_y(line, height, at):.1f}"
        pieces.append(el("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
    steps = [s for s in linear_ticks(line.step.min(), line.step.max(), 5) if s == round(s)]
    for step in steps:
        share = _share(line, step)
        anchor = "start" if share < 4 else "end" if share > 96 else "middle"
        label = f"{step:,.0f}"
        pieces.append(el("text", label, x=_x(line, step), y=height - 5, text_anchor=anchor))
    return pieces


def _path(line: Curve, height: int) -> Markup:
    """Return the line, broken where the metric is not finite; a lone point is a dot."""
    parts, is_open = [], False
    for step, value in zip(line.step.tolist(), line.scaled().tolist(), strict=True):
        if not np.isfinite(value):
            is_open = False
            continue
        x, y = 10 * _share(line, step), _y(line, height, value)
        parts.append(f"{'L' if is_open else 'M'}{x:.1f} {y:.1f}")
        is_open = True
    drawn = el("path", d="".join(parts) + ("h0" if parts else ""), class_="curve")
    box = {"viewBox": f"0 0 1000 {height}", "preserveAspectRatio": "none"}
    return el("svg", drawn, width="100%", height=height, **box)


def _marks(line: Curve, height: int, say: Words) -> list[Markup]:
    pieces = [_bad(line, height, *stretch) for stretch in _stretches(line)[:200]]
    labels = []
    for row, (step, names) in enumerate(_marked(line).items()):
        x, is_right, kind = _x(line, step), _share(line, step) > 50, names[-1].lower()
        span = {"x1": x, "x2": x, "y1": TOP, "y2": height - BOTTOM}
        pieces.append(el("line", **span, class_=f"mark {kind}"))
        if line.name == "loss":
            text = f"{', '.join(say(name) for name in names)} {step:.0f}"
            labels.append(
                el("text", text, x=x, y=TOP + 14 + 18 * row, dx=-6 if is_right else 6,
                   text_anchor="end" if is_right else "start", class_=f"label {kind}")
            )  # fmt: skip
    return pieces + labels


def _marked(line: Curve) -> dict[float, list[str]]:
    """Return what stands at a step: onset, first alarm, first NaN."""
    bad = next(iter(line.bad_step.tolist()), math.inf)
    marked = (
        (math.inf if line.onset is None else line.onset, "onset"),
        (next(iter(line.alarm), math.inf), "alarm"),
        (bad, "NaN"),
    )
    found: dict[float, list[str]] = {}
    for step, name in marked:
        if line.step.min() <= step <= line.step.max():
            found.setdefault(step, []).append(name)
    return found


def _bad(line: Curve, height: int, start: float, end: float) -> Markup:
    if start == end:
        x = _x(line, start)
        return el("line", x1=x, x2=x, y1=TOP, y2=height - BOTTOM, class_="bad")
    width = f"{_share(line, end) - _share(line, start):.2f}%"
    span = {"x": _x(line, start), "y": TOP, "width": width, "height": height - TOP - BOTTOM}
    return el("rect", **span, class_="bad")


def _stretches(line: Curve) -> list[tuple[float, float]]:
    """Return the non-finite steps as stretches: logged neighbours make one."""
    gap = 1.5 * float(np.median(np.diff(np.unique(line.step)))) if len(line.step) > 1 else 1.0
    found: list[tuple[float, float]] = []
    for step in line.bad_step.tolist():
        if found and step - found[-1][1] <= gap:
            found[-1] = (found[-1][0], step)
        else:
            found.append((step, step))
    return found
