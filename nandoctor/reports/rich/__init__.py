"""The terminal report: cause first, then what to do, then everything that backs it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from rich.console import Console, RenderableType

from nandoctor.findings import Report
from nandoctor.reports.rich.changes import changes
from nandoctor.reports.rich.closing import timings, unseen
from nandoctor.reports.rich.files import files
from nandoctor.reports.rich.findings import findings
from nandoctor.reports.rich.flow import flow, numerics, precision
from nandoctor.reports.rich.headline import headline, likely, seen_before, why
from nandoctor.reports.rich.inputs import inputs
from nandoctor.reports.rich.layers import histograms, layers
from nandoctor.reports.rich.loss import loss
from nandoctor.reports.rich.origin import origin
from nandoctor.reports.rich.plan import plan
from nandoctor.reports.rich.series import checklist, series
from nandoctor.reports.rich.tensors import tensors
from nandoctor.reports.rich.tree import tree
from nandoctor.reports.rich.trials import trials
from nandoctor.reports.several import A_LINE_EACH
from nandoctor.reports.shown import shown
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import Words, words

Section = Callable[[Report, View, Words], "RenderableType | None"]

SECTIONS: tuple[Section, ...] = (
    headline, plan, why, likely, seen_before, checklist, changes, tree, loss, origin, trials,
    tensors,
    layers, histograms, series, flow, numerics, precision, findings, inputs, unseen, files, timings,
)  # fmt: skip
"""In the order of the report; a section that has nothing to say returns None."""

_ASCII = str.maketrans("─│├└┊✗✓·•…→━▲", "-||`:x+-*~>#^")
"""What stands for the drawn characters where only ASCII can be shown, one for one."""


def render(report: Report, view: View = PLAIN) -> str:
    """Return the report for a terminal of the view's width."""
    console = Console(
        file=io.StringIO(), width=view.width, force_terminal=view.has_color,
        color_system="standard" if view.has_color else None, no_color=not view.has_color,
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    with console.capture() as capture:
        for part in _parts(shown(report, view), view):
            console.print(part)
    text = "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"
    if not view.is_ascii:
        return text
    text = text.translate(_ASCII)  # names, and a language of other letters, stay as they are
    return text if view.lang != "en" else text.encode("ascii", "replace").decode()


def _parts(report: Report, view: View) -> Iterator[RenderableType]:
    say = words(view.lang)
    for section in SECTIONS:
        part = section(report, view, say)
        if part is not None:
            yield part
    if report.command not in A_LINE_EACH:
        for file in report.files:
            yield ""
            yield from _parts(file, view)
