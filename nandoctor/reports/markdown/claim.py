"""The upper half of the Markdown report: verdict, what to do, why, the tree, several files."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.markdown.escape import code, plain, table
from nandoctor.reports.phrases import reasons
from nandoctor.reports.series import checklist_points
from nandoctor.reports.several import file_lines
from nandoctor.reports.verdict import verdict
from nandoctor.reports.words import Words

MARKS = {"error": "❌", "warning": "⚠️", "clean": "✅", "note": "ℹ️"}
MARKS |= {"fixed": "✅", "not_fixed": "❌", "failed": "⚠️"}


def headline(report: Report, say: Words) -> str:
    """Return the verdict as a heading with its fact and place."""
    claim = verdict(report, say)
    parts = [plain(claim.title), code(claim.code), plain(claim.certainty)]
    lines = [f"## {MARKS[claim.mark]} {' · '.join(part for part in parts if part)}"]
    if claim.sentence:
        lines.append(plain(claim.sentence) + "  ")
    if claim.where:
        lines.append(code(claim.where) + "  ")
    inputs = ", ".join(code(name) for name in report.inputs[:3])
    lines.append(f"<sub>nandoctor {report.command} {inputs}</sub>")
    return "\n".join(lines)


def plan(report: Report, say: Words) -> str:
    """Return the numbered prescriptions and what to collect next."""
    lines = []
    for index, item in enumerate(report.prescriptions, 1):
        value = f"{say(': ')}{code(item.value)}" if item.value else ""
        why = f" — {plain(item.why)}" if item.why else ""
        lines.append(f"{index}. {plain(item.action)}{value} *({say(item.grade.name)})*{why}")
    if report.next_evidence:
        lines.append(f"\n{say('To decide, collect next: ')}{plain(report.next_evidence)}")
    return f"### {say('What to do now')}\n\n" + "\n".join(lines) if lines else ""


def likely(report: Report, say: Words) -> str:
    """Return what else the curve alone suggests."""
    lines = [f"- {plain(text)}" for text in report.likely]
    return f"### {say('Likely causes')}\n\n" + "\n".join(lines) if lines else ""


def seen_before(report: Report, say: Words) -> str:
    """Return the most similar crashes of the casebook."""
    lines = [f"- {plain(text)}" for text in report.similar]
    return f"### {say('Similar past crashes')}\n\n" + "\n".join(lines) if lines else ""


def why(report: Report, say: Words) -> str:
    """Return evidence for and against, and the causes ruled out."""
    lines = [f"- {plain(reason.text)}" for reason in reasons(report, say)]
    return f"### {say('Why')}\n\n" + "\n".join(lines) if lines else ""


def tree(report: Report, say: Words) -> str:
    """Return the walk through the decision tree."""
    rows = [
        [plain(say(step.question)), _answer(step.answer, say), plain(step.evidence)]
        for step in report.decision
    ]
    header = [say("question"), say("answer"), say("evidence")]
    return f"### {say('Decision tree')}\n\n{table(header, rows)}" if rows else ""


def checklist(report: Report, say: Words) -> str:
    """Return the practitioners' checklist with the answers."""
    signs = {"good": "✅", "poor": "❌", "unknown": "❔"}
    rows = [
        [signs[point.state], plain(point.section), plain(point.item), plain(point.answer),
         plain(point.evidence)]
        for point in checklist_points(report, say)
    ]  # fmt: skip
    header = ["", say("part"), say("point"), say("answer"), say("evidence")]
    return f"### {say('Checklist')}\n\n{table(header, rows)}" if rows else ""


def _answer(answer: str, say: Words) -> str:
    taken, colon, leaf = answer.partition(": ")
    return f"**{plain(say(taken))}**{colon}{plain(say(leaf))}"


def files(report: Report, say: Words) -> str:
    """Return a row a file where there are several inputs, the worst first."""
    rows = [
        [MARKS[line.mark], code(line.name), code(line.code), plain(line.text)]
        for line in file_lines(report, say)
    ]
    header = ["", say("file"), say("code"), say("verdict")]
    return table(header, rows) if rows else ""
