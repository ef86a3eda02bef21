"""The page: one self-contained file without network, light and dark, from a phone's width up."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.resources import files as resources

from nandoctor import __version__
from nandoctor.findings import Report
from nandoctor.reports.html.curves import curves
from nandoctor.reports.html.detail import (
    findings,
    flow,
    numerics,
    precision,
    tensors,
    trials,
)
from nandoctor.reports.html.markup import Markup, el, join
from nandoctor.reports.html.place import origin, provenance
from nandoctor.reports.html.reading import inputs, timings, unseen
from nandoctor.reports.html.series import changes, checklist, series
from nandoctor.reports.html.verdict import headline, likely, plan, seen_before, tree, why
from nandoctor.reports.shown import shown
from nandoctor.reports.verdict import verdict
from nandoctor.reports.view import PLAIN, View
from nandoctor.reports.words import Words, words

SECTIONS: tuple[Callable[[Report, Words], Markup | None], ...] = (
    headline, plan, why, likely, seen_before, checklist, changes, curves, tree, origin, provenance,
    trials, tensors, series, flow, numerics, precision, findings, inputs, unseen,
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
    return join(own, (_file(file, say) for file in report.files), timings(report, say))


def _file(report: Report, say: Words) -> Markup:
    claim = verdict(report, say)
    name = el("strong", ", ".join(report.inputs))
    told = el("span", claim.title, class_=claim.mark)
    is_open = claim.mark != "clean"
    return el(
        "details", el("summary", name, " ", told), _body(report, say), class_="file", open=is_open
    )


def _asset(name: str) -> str:
    return resources("nandoctor.reports.html").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
