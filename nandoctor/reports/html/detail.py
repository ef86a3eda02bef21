"""The tables of the page: trials, tensors, gradient flow, findings."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.flow import FlowBar, flow_bars
from nandoctor.reports.html.blocks import bullets, chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import bad_count, numerics_lines, trial_detail
from nandoctor.reports.precision import precision_rows, precision_summary
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
    bars, notes = flow_bars(report, LAYERS, say)
    if not bars and not notes:
        return None
    rows = [
        [code(bar.name), _drawn(bar), number(bar.norm),
         chip(bar.label, bar.kind) if bar.kind else None]
        for bar in bars
    ]  # fmt: skip
    header = [say("gradient of"), "", say("l2"), ""]
    body = el("div", table(header, rows, numeric=2), class_="flow") if rows else None
    told = [el("p", note, class_="why") for note in notes]
    return section(say("Gradient flow (log scale)"), body, told)


def precision(report: Report, say: Words) -> Markup | None:
    """Return fp16 against bf16 in a sentence and the bits of room of every module."""
    summary = precision_summary(report, say)
    if not summary:
        return None
    rows = [
        [code(line.module), line.kind, chip(line.fp16, "error") if line.is_bad else line.fp16,
         line.bf16, line.fp8, line.absmax, line.lost]
        for line in precision_rows(report, say)[:LAYERS]
    ]  # fmt: skip
    header = [say("module"), say("kind"), "fp16", "bf16", "fp8", say("largest"),
              say("lost in fp16")]  # fmt: skip
    body = table(header, rows, numeric=5) if rows else None
    title = say("Precision: bits of room to the maximum")
    return section(title, el("p", summary, class_="why"), body)


def numerics(report: Report, say: Words) -> Markup | None:
    """Return the key numerics of the layers near the origin."""
    lines = [(text, "other") for text in numerics_lines(report)]
    return section(say("Numerics near the origin"), bullets(lines)) if lines else None


def _drawn(bar: FlowBar) -> Markup:
    width = 2 + 98 * bar.share if bar.norm else 0.0
    kind = "bad" if bar.kind == "error" else "curve"
    inked = el("rect", width=f"{width:.1f}%", height=8, rx=2, class_=kind)
    return el("svg", inked, width="100%", height=8, aria_hidden="true")


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
