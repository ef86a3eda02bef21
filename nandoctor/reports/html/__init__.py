"""The page: one self-contained file without network, light and dark, from a phone's width up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files as resources

from nandoctor import __version__
from nandoctor.findings import Report
from nandoctor.reports.html.blocks import chip, code
from nandoctor.reports.html.curves import curves
from nandoctor.reports.html.detail import findings, numerics, precision, tensors, trials
from nandoctor.reports.html.layers import flow, histograms, layers
from nandoctor.reports.html.markup import Markup, el, join
from nandoctor.reports.html.place import origin, provenance
from nandoctor.reports.html.reading import inputs, timings, unseen
from nandoctor.reports.html.series import changes, checklist, series
from nandoctor.reports.html.verdict import headline, likely, plan, seen_before, tree, why
from nandoctor.reports.several import A_LINE_EACH, root, worst_first
from nandoctor.reports.shown import shown
from nandoctor.reports.verdict import verdict
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import Words, words

SECTIONS: tuple[Callable[[Report, Words], Markup | None], ...] = (
    headline, plan, why, likely, seen_before, checklist, changes, curves, tree, origin, provenance,
    trials, tensors, layers, histograms, series, flow, numerics, precision, findings, inputs,
    unseen,
)  # fmt: skip
"""In the order of the page; a section that has nothing to say returns None."""


def render(report: Report, view: View = PLAIN) -> str:
    """Return the page; only its own script may run in it, and nothing is ever loaded."""
    report, say = shown(report, view), words(view.lang)
    style, script = _asset("page.css"), _asset("page.js")
    search = el(
        "input", type="search", id="search", placeholder=say("Search (press /)"),
        aria_label=say("Search"),
    )  # fmt: skip
    main = el(
        "main",
        el("header", el("span", "nandoctor", class_="brand"), search),
        el("nav", aria_label=say("Contents")),
        el("p", say("No match"), id="nothing", hidden=True),
        _body(report, say),
        el("footer", f"nandoctor {__version__}"),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        el("title", f"{verdict(report, say).title} · nandoctor"),
        el("style", Markup(style)),
    )
    page = el("html", head, el("body", main, el("script", Markup(script))), lang=view.lang)
    return f"<!doctype html>\n{page}\n"


def _body(report: Report, say: Words) -> Markup:
    own = join(*(section(report, say) for section in SECTIONS))
    below = root(report)
    files = [_file(file, below, say) for file in worst_first(report)]
    folder = el("p", say("below {folder}", folder=below), class_="below") if below else None
    return join(own, folder, files, timings(report, say))


def _file(report: Report, below: str, say: Words) -> Markup:
    claim = verdict(report, say)
    name = ", ".join(report.inputs)
    name = name[len(below) + 1 :] if below else name
    told = [chip(claim.code, "plain") if claim.code else None, el("b", claim.title)]
    where = el("span", claim.where or claim.sentence, class_="why")
    line = el("summary", code(name), el("span", told, class_=claim.mark), where)
    is_open = claim.mark != "clean" and report.command not in A_LINE_EACH
    return el("details", line, _body(report, say), class_="file", open=is_open)


def _asset(name: str) -> str:
    return resources("nandoctor.reports.html").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
