"""The tables of the page: trials, tensors, gradient flow, findings."""

from __future__ import annotations

import math

from nandoctor.evidence import TensorStats
from nandoctor.findings import Report
from nandoctor.reports.flow import EXPLODING, VANISHING, gradients, thinned
from nandoctor.reports.html.blocks import bullets, chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import bad_count, trial_detail
from nandoctor.reports.text import number
from nandoctor.reports.words import Words

LAYERS = 80


def trials(report: Report, say: Words) -> Markup | None:
    """Return the interventions that ran; what did not apply is folded away."""
    if not report.trials:
        return None
    rows = [
        [
            code(trial.intervention),
            chip(say(trial.outcome.replace("_", " ")), trial.outcome),
            trial_detail(trial, say),
            number(trial.loss),
        ]
        for outcome in ("fixed", "not_fixed", "failed")
        for trial in report.trials
        if trial.outcome == outcome
    ]
    left = [t for t in report.trials if t.outcome == "not_applicable"]
    header = [say("changed"), say("outcome"), say("detail"), say("loss")]
    folded = el(
        "details",
        el("summary", say("{n} more do not apply here", n=len(left))),
        bullets([(f"{trial.intervention}: {trial.detail}", "other") for trial in left]),
    )
    ran = table(header, rows, numeric=3) if rows else None
    return section(say("Interventions tried"), ran, folded if left else None)


def tensors(report: Report, say: Words) -> Markup | None:
    """Return the suspicious tensors, worst first."""
    if not report.tensors:
        return None
    rows = [
        [code(t.name), say(t.role), f"{t.dtype} {'x'.join(map(str, t.shape))}",
         el("span", bad_count(t), class_=None if t.is_finite else "error"),
         number(t.min), number(t.max), number(t.mean), number(t.l2)]
        for t in report.tensors
    ]  # fmt: skip
    header = ["tensor", "role", "shape", "bad", "min", "max", "mean", "l2"]
    body = table([say(name) for name in header], rows, numeric=3)
    return section(say("Suspicious tensors"), body)


def flow(report: Report, say: Words) -> Markup | None:
    """Return gradient norms by layer as bars on a log scale."""
    layers = gradients(report)
    norms = [layer.l2 for layer in layers if layer.l2]
    if not layers:
        return None
    low, high = (math.log10(min(norms)), math.log10(max(norms))) if norms else (0.0, 0.0)
    rows = [
        [code(layer.name), _bar(layer, low, high), number(layer.l2), _label(layer, say)]
        for layer in thinned(layers, LAYERS)
    ]
    header = [say("gradient of"), "", say("l2"), ""]
    body = el("div", table(header, rows, numeric=2), class_="flow")
    hidden = len(layers) - min(len(layers), LAYERS)
    more = el("p", say("{n} more layers", n=hidden), class_="why") if hidden else None
    return section(say("Gradient flow (log scale)"), body, more)


def _bar(layer: TensorStats, low: float, high: float) -> Markup:
    share = 0.0
    if layer.l2:
        share = 1.0 if high <= low else (math.log10(layer.l2) - low) / (high - low)
        share = 0.02 + 0.98 * share
    kind = "bad" if layer.num_nonfinite else "curve"
    bar = el("rect", width=f"{100 * share:.1f}%", height=8, rx=2, class_=kind)
    return el("svg", bar, width="100%", height=8, aria_hidden="true")


def _label(layer: TensorStats, say: Words) -> Markup | None:
    if layer.num_nonfinite:
        return chip(say("non-finite"), "error")
    if layer.l2 is None or VANISHING <= layer.l2 <= EXPLODING:
        return None
    name = "exploding" if layer.l2 > EXPLODING else "vanishing" if layer.l2 else "zero"
    return chip(say(name), "error" if name == "exploding" else "warning")


def findings(report: Report, say: Words) -> Markup | None:
    """Return every finding, gravest first."""
    order = ("error", "warning", "note")
    rows = [
        [chip(say(f.severity), f.severity), code(f.code), f.message,
         code(f.where) if f.where else "", say(f.grade.name)]
        for f in sorted(report.findings, key=lambda f: order.index(f.severity))
    ]  # fmt: skip
    header = [say("severity"), say("code"), say("finding"), say("where"), say("grade")]
    return section(say("Findings"), table(header, rows)) if rows else None
