"""Layers as bars: gradient flow, weights by layer, and histograms of magnitudes."""

from __future__ import annotations

from nandoctor.evidence import Histogram
from nandoctor.findings import Report
from nandoctor.reports.flow import FlowBar, flow_bars
from nandoctor.reports.html.blocks import chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.layers import layer_bars
from nandoctor.reports.text import number
from nandoctor.reports.words import Words

LAYERS = 80
_INK = {"error": "bad", "warning": "odd", "": "curve"}


def flow(report: Report, say: Words) -> Markup | None:
    """Return gradient norms by layer as bars on a log scale."""
    bars, notes = flow_bars(report, LAYERS, say)
    if not bars and not notes:
        return None
    body = _bars(bars, [say("gradient of"), "", say("l2"), ""], say) if bars else None
    told = [el("p", note, class_="why") for note in notes]
    return section(say("Gradient flow (log scale)"), body, told)


def layers(report: Report, say: Words) -> Markup | None:
    """Return the size of every weight as a bar on a log scale, those out of family marked."""
    bars, left = layer_bars(report, LAYERS, say)
    if not bars:
        return None
    body = _bars(bars, [say("weight"), "", say("rms"), ""], say)
    told = el("p", say("{n} more layers", n=left), class_="why") if left else None
    return section(say("Weights by layer (log scale)"), body, told)


def histograms(report: Report, say: Words) -> Markup | None:
    """Return the magnitudes of the tensors that were asked for, by powers of two."""
    if not report.histograms:
        return None
    drawn = [_histogram(item, say) for item in report.histograms]
    return section(say("Magnitudes by powers of two"), el("div", drawn, class_="grid"))


def _bars(bars: list[FlowBar], header: list[str], say: Words) -> Markup:
    rows = [
        [code(bar.name), _drawn(bar), number(bar.norm),
         chip(bar.label, bar.kind or "plain") if bar.label else None]
        for bar in bars
    ]  # fmt: skip
    more = say("Show all {n} rows", n=len(rows))
    kept = {index for index, bar in enumerate(bars) if bar.kind}
    return el("div", table(header, rows, numeric=2, more=more, kept=kept), class_="flow")


def _drawn(bar: FlowBar) -> Markup:
    width = 2 + 98 * bar.share if bar.norm else 0.0
    inked = el("rect", width=f"{width:.1f}%", height=8, rx=2, class_=_INK[bar.kind])
    return el("svg", inked, width="100%", height=8, aria_hidden="true")


def _histogram(item: Histogram, say: Words) -> Markup:
    rest = [(say("zero"), item.num_zero), (say("non-finite"), item.num_nonfinite)]
    most = max(item.counts, default=0) or 1
    low = min(item.exponents, default=0)
    wide = 100 / (max(item.exponents, default=0) - low + 1)
    bars = [
        el("rect", el("title", f"2^{e}: {count:,}"), x=f"{(e - low) * wide:.2f}%",
           width=f"{0.86 * wide:.2f}%", y=f"{78 - 76 * count / most:.1f}",
           height=f"{2 + 76 * count / most:.1f}", class_="curve")
        for e, count in zip(item.exponents, item.counts, strict=True) if count
    ]  # fmt: skip
    ends = [(0, low, "start"), (100, max(item.exponents), "end")] if bars else []
    names = [el("text", f"2^{e}", x=f"{x}%", y=96, text_anchor=side) for x, e, side in ends]
    picture = el("svg", bars, names, width="100%", height=100, role="img", aria_label=item.name)
    told = " · ".join(f"{count:,} {name}" for name, count in rest if count)
    caption = el("figcaption", code(item.name), el("span", told) if told else None)
    return el("figure", caption, picture, data_row=True)
