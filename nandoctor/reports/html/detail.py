"""The tables of the page: trials, tensors, precision, findings."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.html.blocks import bullets, chip, code, section, table
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import bad_count, numerics_lines, trial_detail
from nandoctor.reports.precision import precision_rows, precision_summary
from nandoctor.reports.text import number
from nandoctor.reports.words import Words


def trials(report: Report, say: Words) -> Markup | None:
    """Return the interventions that ran; what did not apply is folded away."""
    if not report.trials:
        return None
    rows = [
        [
            code(trial.intervention),
            chip(say(trial.outcome.replace("_", " ")), trial.outcome),
            number(trial.loss),
            trial_detail(trial, say),
        ]
        for outcome in ("fixed", "not_fixed", "failed")
        for trial in report.trials
        if trial.outcome == outcome
    ]
    left = [t for t in report.trials if t.outcome == "not_applicable"]
    header = [say("changed"), say("outcome"), say("loss"), say("detail")]
    folded = el(
        "details",
        el("summary", say("{n} more do not apply here", n=len(left))),
        bullets([(f"{trial.intervention}: {trial.detail}", "other") for trial in left]),
    )
    ran = table(header, rows, kind="cards trials") if rows else None
    return section(say("Interventions tried"), ran, folded if left else None)


def tensors(report: Report, say: Words) -> Markup | None:
    """Return the suspicious tensors, worst first."""
    if not report.tensors:
        return None
    rows = [
        [code(t.name), say(t.role), t.dtype, code("x".join(map(str, t.shape))),
         el("span", bad_count(t), class_=None if t.is_finite else "error"),
         number(t.min), number(t.max), number(t.mean), number(t.l2)]
        for t in report.tensors
    ]  # fmt: skip
    header = ["tensor", "role", "dtype", "shape", "bad", "min", "max", "mean", "l2"]
    more = say("Show all {n} rows", n=len(rows))
    body = table([say(name) for name in header], rows, numeric=4, more=more)
    return section(say("Suspicious tensors"), body)


def precision(report: Report, say: Words) -> Markup | None:
    """Return fp16 against bf16 in a sentence and the bits of room of every module."""
    summary = precision_summary(report, say)
    if not summary:
        return None
    rows = [
        [code(line.module), line.kind,
         el("b", line.fp16, class_="error") if line.is_bad else line.fp16,
         line.bf16, line.fp8, line.absmax, line.lost]
        for line in precision_rows(report, say)
    ]  # fmt: skip
    header = [say("module"), say("kind"), "fp16", "bf16", "fp8", say("largest"),
              say("lost in fp16")]  # fmt: skip
    more = say("Show all {n} rows", n=len(rows))
    body = table(header, rows, numeric=2, more=more) if rows else None
    title = say("Precision: bits of room to the maximum")
    return section(title, el("p", summary, class_="why"), body)


def numerics(report: Report, say: Words) -> Markup | None:
    """Return the key numerics of the layers near the origin."""
    lines = [(text, "other") for text in numerics_lines(report, say)]
    return section(say("Numerics near the origin"), bullets(lines)) if lines else None


def findings(report: Report, say: Words) -> Markup | None:
    """Return every finding, gravest first."""
    order = ("error", "warning", "note")
    rows = [
        [chip(say(f.severity), f.severity), code(f.code), f.message,
         code(f.where) if f.where else "", say(f.grade.name)]
        for f in sorted(report.findings, key=lambda f: order.index(f.severity))
    ]  # fmt: skip
    header = [say("severity"), say("code"), say("finding"), say("where"), say("grade")]
    more = say("Show all {n} rows", n=len(rows))
    body = table(header, rows, more=more, kind="cards") if rows else None
    return section(say("Findings"), body) if rows else None
