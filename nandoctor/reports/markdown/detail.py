"""The lower half of the Markdown report, folded: curve, origin, trials, tensors, findings."""

from __future__ import annotations

from nandoctor.findings import Report
from nandoctor.reports.changes import change_counts, change_rows
from nandoctor.reports.curve import curve
from nandoctor.reports.markdown.claim import MARKS
from nandoctor.reports.markdown.escape import code, folded, plain, table
from nandoctor.reports.origin_facts import origin_facts, sources
from nandoctor.reports.phrases import (
    missing,
    pattern_facts,
    replay_notes,
    trial_detail,
)
from nandoctor.reports.plot import legend, plot
from nandoctor.reports.precision import precision_rows, precision_summary
from nandoctor.reports.series import norms_title, series_rows
from nandoctor.reports.summary import pattern_title
from nandoctor.reports.text import number, seconds
from nandoctor.reports.words import Words

ROWS, TIGHTEST = 20, 5


def loss(report: Report, say: Words) -> str:
    """Return the curve as text and the numbers behind the pattern."""
    drawn = curve(report)
    facts = [f"- {plain(text)}" for text in pattern_facts(report, say)]
    if drawn is None and not facts:
        return ""
    picture = ""
    if drawn is not None:
        lines = [*plot(drawn, 76, 9), "", legend(drawn, say)]
        picture = "```text\n" + "\n".join(line.rstrip() for line in lines) + "\n```\n"
    title = say("Loss curve")
    if report.pattern:
        title += say(": ") + pattern_title(report.pattern, say)
    return folded(title, picture + "\n".join(facts))


def origin(report: Report, say: Words) -> str:
    """Return the origin with its source line, operands and way to the loss."""
    place = report.origin
    if place is None:
        return ""
    lines = [f"- {label}: {code(value)}" for label, value in origin_facts(place, say)]
    for source in sources(place):
        line = f": {code(source.code.strip())}" if source.code else ""
        lines.append(f"- {code(f'{source.file}:{source.line}')} {plain(source.function)}{line}")
    lines += [f"- {plain(note)}" for note in replay_notes(report, say)]
    return folded(say("Origin"), "\n".join(lines))


def trials(report: Report, say: Words) -> str:
    """Return the interventions that ran."""
    rows = [
        [code(t.intervention), f"{MARKS[t.outcome]} {say(t.outcome.replace('_', ' '))}",
         number(t.loss), plain(trial_detail(t, say))]
        for t in report.trials if t.outcome != "not_applicable"
    ]  # fmt: skip
    header = [say("changed"), say("outcome"), say("loss"), say("detail")]
    return folded(say("Interventions tried"), table(header, rows)) if rows else ""


def tensors(report: Report, say: Words) -> str:
    """Return the suspicious tensors, worst first."""
    rows = [
        [code(t.name), t.role, f"{t.num_nan:,}", f"{t.num_posinf + t.num_neginf:,}",
         number(t.min), number(t.max), number(t.l2)]
        for t in report.tensors[:ROWS]
    ]  # fmt: skip
    header = [say("tensor"), say("role"), "NaN", "Inf", say("min"), say("max"), say("l2")]
    body = table(header, rows) + _more(len(report.tensors) - len(rows), say)
    return folded(say("Suspicious tensors"), body) if rows else ""


def precision(report: Report, say: Words) -> str:
    """Return fp16 against bf16 in a sentence and the bits of room of the tightest modules."""
    summary = precision_summary(report, say)
    lines = precision_rows(report, say)
    rows = [[code(line.module), *line[1:7]] for line in lines[:TIGHTEST]]
    header = [say("module"), say("kind"), say("largest"), "fp16", "bf16", "fp8",
              say("lost in fp16")]  # fmt: skip
    title = say("Precision: bits of room to the maximum")
    more = _more(len(lines) - len(rows), say)
    return folded(title, f"{plain(summary)}\n\n{table(header, rows)}{more}") if rows else ""


def series(report: Report, say: Words) -> str:
    """Return the norms of the tensors that turned bad or moved much over the checkpoints."""
    lines = series_rows(report, say)
    rows = [[code(line.name), plain(line.norms), plain(line.turned)] for line in lines[:ROWS]]
    header = [say("tensor"), norms_title(report, say), ""]
    body = table(header, rows) + _more(len(lines) - len(rows), say)
    return folded(say("Over the checkpoints"), body) if rows else ""


def changes(report: Report, say: Words) -> str:
    """Return what changed from checkpoint A to checkpoint B."""
    lines = change_rows(report, say)
    rows = [
        [code(line.name), line.kind, line.moved, plain(line.before), plain(line.after)]
        for line in lines[: 2 * ROWS]
    ]
    header = [say("tensor"), say("change"), say("moved"), "A", "B"]
    more = _more(len(lines) - len(rows), say)
    body = f"{change_counts(report, say)}\n\n{table(header, rows)}{more}"
    return f"### {say('Changes from A to B')}\n\n{body}" if rows else ""


def findings(report: Report, say: Words) -> str:
    """Return every finding."""
    rows = [
        [MARKS[f.severity], code(f.code), plain(f.message), code(f.where)]
        for f in report.findings[:50]
    ]
    header = ["", say("code"), say("finding"), say("where")]
    body = table(header, rows) + _more(len(report.findings) - len(rows), say)
    return folded(say("Findings"), body) if rows else ""


def _more(num: int, say: Words) -> str:
    return f"\n\n{say('{n} more in the HTML report', n=num)}" if num > 0 else ""


def closing(report: Report, say: Words) -> str:
    """Return what is missing and how long it took."""
    title = say("Not looked at")
    lines = [f"- {title}: {plain(text)}" for text in missing(report, say)]
    if report.timings:
        total = say("{time} in all", time=seconds(sum(report.timings.values())))
        lines.append(f"\n<sub>{total}</sub>")
    return "\n".join(lines)
