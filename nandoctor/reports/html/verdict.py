"""The upper part of the page: verdict, what to do now, why."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.html.blocks import bullets, chip, code, section
from nandoctor.reports.html.markup import Markup, el
from nandoctor.reports.phrases import reasons
from nandoctor.reports.verdict import verdict
from nandoctor.reports.words import Words


def headline(report: Report, say: Words) -> Markup:
    """Return the cause in large letters, how sure it is, the fact and the place."""
    claim = verdict(report, say)
    labels = []
    if claim.certainty:
        grade = report.diagnosis.grade.name if report.diagnosis else "observed"
        labels.append(chip(claim.certainty, f"grade-{grade}"))
    if claim.code:
        labels.append(chip(claim.code, "plain"))
    if report.diagnosis and report.diagnosis.component:
        labels.append(chip(say(report.diagnosis.component), "plain"))
    return el(
        "div",
        el("p", f"nandoctor {report.command} ", code(", ".join(report.inputs)), class_="asked"),
        el("h1", claim.title, class_=claim.mark),
        el("p", labels, class_="chips") if labels else None,
        el("p", claim.sentence, class_="lead") if claim.sentence else None,
        el("p", code(claim.where), class_="place") if claim.where else None,
        class_="verdict",
    )


def plan(report: Report, say: Words) -> Markup | None:
    """Return the numbered prescriptions and what to collect next."""
    items = [
        el(
            "li",
            el(
                "p",
                item.action,
                say(": ") if item.value else " ",
                _value(item.value),
                chip(say(item.grade.name), "quiet"),
            ),
            el("p", item.why, class_="why") if item.why else None,
            data_row=True,
        )
        for item in report.prescriptions
    ]
    ask = None
    if report.next_evidence:
        asked = el("strong", say("To decide, collect next: "))
        ask = el("p", asked, report.next_evidence, class_="ask", data_row=True)
    if not items and not ask:
        return None
    return section(say("What to do now"), el("ol", items) if items else None, ask, kind="plan")


def _value(value: str) -> Markup | None:
    return code(value, class_="copy", tabindex=0, title="copy") if value else None


def likely(report: Report, say: Words) -> Markup | None:
    """Return what else the curve alone suggests."""
    lines = [(text, "") for text in report.likely]
    return section(say("Likely causes"), bullets(lines)) if lines else None


def seen_before(report: Report, say: Words) -> Markup | None:
    """Return the most similar crashes of the casebook."""
    lines = [(text, "") for text in report.similar]
    return section(say("Similar past crashes"), bullets(lines)) if lines else None


def why(report: Report, say: Words) -> Markup | None:
    """Return evidence for and against, and the causes ruled out."""
    lines = [(reason.text, reason.kind) for reason in reasons(report, say)]
    return section(say("Why"), bullets(lines)) if lines else None


def tree(report: Report, say: Words) -> Markup | None:
    """Return the walk through the decision tree: the branch taken and the one that was not."""
    if not report.decision:
        return None
    steps = [
        el(
            "li",
            el("p", say(step.question), class_="question"),
            el("p", _branches(step.answer, say), class_="branches"),
            el("p", step.evidence, class_="why") if step.evidence else None,
            data_row=True,
        )
        for step in report.decision
    ]
    return section(say("Decision tree"), el("ol", steps, class_="tree"))


def _branches(answer: str, say: Words) -> list[Markup]:
    taken, _, leaf = answer.partition(": ")
    names = ("yes", "no") if taken in ("yes", "no") else (taken,)
    marks = [el("span", say(n), class_="taken" if n == taken else "untaken") for n in names]
    return [*marks, el("b", say(leaf))] if leaf else marks
