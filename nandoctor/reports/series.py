"""Tensors over several checkpoints and the checklist, as rows of text; styles nothing."""

from __future__ import annotations

from typing import NamedTuple

from nandoctor.evidence import TensorSeries
from nandoctor.findings import ChecklistItem, Report
from nandoctor.reports.text import number
from nandoctor.reports.words import Words

GROWTH = 2.0
"""Norms that grew or shrank less than this between checkpoints are not worth a row."""


class SeriesRow(NamedTuple):
    """One tensor over the checkpoints."""

    name: str
    turned: str
    norms: str
    is_bad: bool


def series_rows(report: Report, say: Words) -> list[SeriesRow]:
    """Return the tensors that turned bad or whose norm moved much, worst first."""
    return [_row(item, say) for item in report.series if _matters(item)]


def norms_title(report: Report, say: Words) -> str:
    """Return the heading of the norms: at which steps they stood."""
    steps = [_step(step) for step in report.series[0].steps] if report.series else []
    return f"{say('l2')} ({say('step')} {' → '.join(steps)})"


def _matters(item: TensorSeries) -> bool:
    norms = [norm for norm in item.l2 if norm]
    return any(item.num_nonfinite) or bool(norms and max(norms) > GROWTH * min(norms))


def _row(item: TensorSeries, say: Words) -> SeriesRow:
    is_bad = any(item.num_nonfinite)
    turned = ""
    if is_bad:
        bad, good = _step(item.first_bad_step), _step(item.last_good_step)
        turned = say("bad from step {bad}, good at {good}", bad=bad, good=good)
        if item.last_good_step is None:
            turned = say("bad from step {bad}", bad=bad)
    norms = [
        f"{number(norm)}{'!' if count else ''}"
        for norm, count in zip(item.l2, item.num_nonfinite, strict=True)
    ]
    return SeriesRow(item.name, turned, " → ".join(norms), is_bad)


def _step(step: int | None) -> str:
    return "?" if step is None else str(step)


class Point(NamedTuple):
    """One point of the checklist."""

    section: str
    item: str
    answer: str
    evidence: str
    state: str
    """good, poor or unknown: for a pitfall ``no`` is the good answer."""


_SECTIONS = {
    "before": "Before training", "during": "During training", "after": "After the crash",
    "long_term": "In the long term", "pitfall": "Pitfalls",
}  # fmt: skip


def checklist_points(report: Report, say: Words) -> list[Point]:
    """Return the points of the checklist in their order."""
    return [
        Point(say(_SECTIONS[p.section]), say(p.item), say(p.answer), p.evidence, _state(p))
        for p in report.checklist
    ]


def _state(point: ChecklistItem) -> str:
    if point.answer == "unknown":
        return "unknown"
    return "good" if (point.answer == "yes") == point.is_good else "poor"
