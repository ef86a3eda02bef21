"""Markdown for a CI step summary or a pull-request comment: verdict open, details folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nandoctor.findings import Report
from nandoctor.reports.markdown.claim import (
    checklist,
    files,
    headline,
    likely,
    plan,
    seen_before,
    tree,
    why,
)
from nandoctor.reports.markdown.detail import (
    changes,
    closing,
    findings,
    loss,
    origin,
    precision,
    series,
    tensors,
    trials,
)
from nandoctor.reports.several import A_LINE_EACH
from nandoctor.reports.shown import shown
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import Words, words

SECTIONS: tuple[Callable[[Report, Words], str], ...] = (
    headline, files, plan, why, likely, seen_before, checklist, changes, tree, loss, origin, trials,
    tensors, series, precision, findings, closing,
)  # fmt: skip
LIMIT = 60_000
"""Characters in all; GitHub refuses a comment of more than 65,536."""


def render(report: Report, view: View = PLAIN) -> str:
    """Return the report; sections that would not fit into a comment are left out, last first."""
    say = words(view.lang)
    text = ""
    for part in _parts(shown(report, view), say):
        if len(text) + len(part) > LIMIT:
            return text + say("The report is longer; see --format html.") + "\n"
        text += part + "\n\n"
    return text.rstrip("\n") + "\n"


def _parts(report: Report, say: Words) -> Iterator[str]:
    yield from filter(None, (section(report, say) for section in SECTIONS))
    if report.command not in A_LINE_EACH:
        for file in report.files:
            yield from _parts(file, say)
