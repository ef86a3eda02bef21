"""The weights layer by layer, and the histograms that were asked for."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.evidence import Histogram
from nandoctor.findings import Report
from nandoctor.reports.layers import layer_bars
from nandoctor.reports.rich.style import room, section, table
from nandoctor.reports.text import number, shorten
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

ROWS, BAR = 12, 20
STYLE = {"error": "red", "warning": "yellow", "": "blue"}


def layers(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return a bar a weight on a log scale, those that stand out where there are many."""
    bars, left = layer_bars(report, view.limit(ROWS), say)
    if not bars:
        return None
    rows = table(say("weight"), say("rms"), "", "")
    rows.columns[1].justify = "right"
    width = room([[number(bar.norm), "━" * BAR, bar.label] for bar in bars], view.width)
    for bar in bars:
        length = 1 + round(bar.share * (BAR - 1)) if bar.norm else 0
        ink = Text("━" * length, style=STYLE[bar.kind], no_wrap=True)
        name = Text(shorten(bar.name, width), no_wrap=True)
        rows.add_row(name, number(bar.norm), ink, Text(bar.label, style=STYLE[bar.kind]))
    more = [Text(say("{n} more layers", n=left), style="dim")] if left else []
    return section(say("Weights by layer (log scale)"), Group(rows, *more))


def histograms(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the magnitudes of each tensor by powers of two."""
    if not report.histograms:
        return None
    drawn = [part for item in report.histograms for part in _histogram(item, view, say)]
    return section(say("Magnitudes by powers of two"), Group(*drawn))


def _histogram(item: Histogram, view: View, say: Words) -> list[RenderableType]:
    rest = [(say("zero"), item.num_zero), (say("non-finite"), item.num_nonfinite)]
    bins = [(f"2^{e}", n) for e, n in zip(item.exponents, item.counts, strict=True)]
    most = max((count for _, count in (*bins, *rest)), default=1)
    rows = table("", "", "")
    for label, count in (*bins, *((label, count) for label, count in rest if count)):
        length = max(1, round(count / most * (view.width - 30)))
        rows.add_row(label, f"{count:,}", Text("━" * length, style="blue", no_wrap=True))
    return [Text(item.name, style="bold"), rows]
