"""What is marked on a drawn curve: the onset, the first alarm, and where it is not finite."""

from __future__ import annotations

import math

import numpy as np

from nandoctor.reports.curve import Curve
from nandoctor.reports.html.axes import BOTTOM, TOP, share, x_of
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.words import Words


def marks(line: Curve, height: int, say: Words) -> list[Markup]:
    """Return the marks of a curve, their labels last; only the loss has labels."""
    pieces = [_bad(line, height, *stretch) for stretch in _stretches(line)[:200]]
    labels = []
    for row, (step, names) in enumerate(_marked(line).items()):
        x, is_right, kind = x_of(line, step), share(line, step) > 50, names[-1].lower()
        box = {"x1": x, "x2": x, "y1": TOP, "y2": height - BOTTOM}
        pieces.append(el("line", **box, class_=f"mark {kind}"))
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
        x = x_of(line, start)
        return el("line", x1=x, x2=x, y1=TOP, y2=height - BOTTOM, class_="bad")
    width = f"{share(line, end) - share(line, start):.2f}%"
    box = {"x": x_of(line, start), "y": TOP, "width": width, "height": height - TOP - BOTTOM}
    return el("rect", **box, class_="bad")


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
