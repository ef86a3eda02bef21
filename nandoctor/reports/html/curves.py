"""The curves as inline SVG: loss, grad norm, learning rate and loss scale on one step axis.

Heights are pixels and widths per cent, so that text keeps its size on a phone.
"""

from __future__ import annotations

import json

import numpy as np

from nandoctor.findings import Report
from nandoctor.reports.curve import Curve, curve
from nandoctor.reports.html.axes import AXIS, share, span, x_of, y_of
from nandoctor.reports.html.blocks import bullets, section
from nandoctor.reports.html.curve_marks import marks
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import pattern_facts
from nandoctor.reports.summary import pattern_title
from nandoctor.reports.ticks import linear_ticks, log_ticks, tick_label
from nandoctor.reports.words import Words

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
        el("text", text, x=AXIS - 8, y=f"{y_of(line, height, at):.1f}", dy=4, text_anchor="end")
        for at, text in ticks
    ]
    axis = el("svg", labels, width=AXIS, height=height, class_="axis", aria_hidden="true")
    pieces = [_grid(line, height, ticks), _path(line, height), *marks(line, height, say)]
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


def _ticks(line: Curve, num: int) -> list[tuple[float, str]]:
    """Return height on the scale of the drawing and label of about ``num`` y ticks."""
    low, high = span(line)
    if line.is_log:
        return [(tick, tick_label(line.unscaled(tick))) for tick in log_ticks(low, high, num)]
    ticks = linear_ticks(low, high, num)
    spacing = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    return [(tick, tick_label(tick, spacing)) for tick in ticks]


def _grid(line: Curve, height: int, ticks: list[tuple[float, str]]) -> list[Markup]:
    pieces = []
    for at, _ in ticks:
        y = f"{y_of(line, height, at):.1f}"
        pieces.append(el("line", x1=0, x2="100%", y1=y, y2=y, class_="grid"))
    steps = [s for s in linear_ticks(line.step.min(), line.step.max(), 5) if s == round(s)]
    for step in steps:
        at = share(line, step)
        anchor = "start" if at < 4 else "end" if at > 96 else "middle"
        label = f"{step:,.0f}"
        pieces.append(el("text", label, x=x_of(line, step), y=height - 5, text_anchor=anchor))
    return pieces


def _path(line: Curve, height: int) -> Markup:
    """Return the line, broken where the metric is not finite; a lone point is a dot."""
    parts, is_open = [], False
    for step, value in zip(line.step.tolist(), line.scaled().tolist(), strict=True):
        if not np.isfinite(value):
            is_open = False
            continue
        x, y = 10 * share(line, step), y_of(line, height, value)
        parts.append(f"{'L' if is_open else 'M'}{x:.1f} {y:.1f}")
        is_open = True
    drawn = el("path", d="".join(parts) + ("h0" if parts else ""), class_="curve")
    box = {"viewBox": f"0 0 1000 {height}", "preserveAspectRatio": "none"}
    return el("svg", drawn, width="100%", height=height, **box)
