"""Sentences that several renderers say in the same words; each escapes and styles them itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from nandoctor.evidence import ReplayFacts, TensorStats, Trial
from nandoctor.findings import Report
from nandoctor.reports.summary import lead_finding
from nandoctor.reports.text import clipped, number
from nandoctor.reports.words import Words, cause_title


class Reason(NamedTuple):
    """A line of the section Why."""

    text: str
    kind: Literal["for", "against", "other"]


def reasons(report: Report, say: Words) -> list[Reason]:
    """Return the evidence for and against the diagnosis, then the other causes."""
    claim = report.diagnosis
    if claim is None:
        return []
    lead = lead_finding(report)
    told = lead.message if lead else ""  # the headline says it already
    lines = [Reason(text, "for") for text in _distinct(claim.evidence) if text != told]
    lines += [Reason(say("against: {text}", text=text), "against") for text in claim.against]
    if claim.mechanism and claim.mechanism != claim.cause:
        name = cause_title(claim.mechanism, say)
        lines.append(Reason(say("mechanism: {cause}", cause=name), "other"))
    for other in claim.alternatives:
        name = cause_title(other.cause, say)
        if other.ruled_out_by:
            text = say("not {cause}: {reason}", cause=name, reason=other.ruled_out_by)
        else:
            grade = say(other.grade.name)
            text = say("also possible: {cause} ({grade})", cause=name, grade=grade)
        lines.append(Reason(text, "other"))
    return lines


def _distinct(texts: Sequence[str]) -> list[str]:
    """Leave out a text that another one repeats and goes on from."""
    return [
        text for text in dict.fromkeys(texts)
        if not any(other != text and other.startswith(text) for other in texts)
    ]  # fmt: skip


def pattern_facts(report: Report, say: Words) -> list[str]:
    """Return the numbers behind the pattern, what the log hides and when a warning stood."""
    pattern, forecast = report.pattern, report.forecast
    facts = list(pattern.evidence) if pattern else []
    if pattern and pattern.hidden_nan_step is not None:
        facts.append(say("the log hides NaN from step {step}", step=pattern.hidden_nan_step))
    if forecast and forecast.lead is not None and forecast.lead > 0:
        first = min((*forecast.alarm, *forecast.watch))
        text = "the first warning stood at step {step}, {lead} steps before the crash"
        facts.append(say(text, step=first, lead=forecast.lead))
    return facts


def bad_count(stats: TensorStats) -> str:
    """Return how many elements are NaN or infinite, by kind; 0 where none is."""
    kinds = ((stats.num_nan, "NaN"), (stats.num_posinf, "+Inf"), (stats.num_neginf, "-Inf"))
    return " ".join(f"{count:,} {kind}" for count, kind in kinds if count) or "0"


def finite_replay(facts: ReplayFacts, say: Words) -> str:
    """Return that a replayed step was finite, with its loss and gradient norm."""
    text = "The step was run again and stayed finite: loss {loss}, grad norm {norm}."
    if facts.is_batch_synthetic:
        text = "On a made-up batch the step stayed finite: loss {loss}, grad norm {norm}."
    return say(text, loss=number(facts.loss), norm=number(facts.grad_norm))


def replay_notes(report: Report, say: Words, limit: int = 4) -> list[str]:
    """Return what the replay adds: notes and non-finite values that are harmless."""
    facts = report.replay
    if facts is None:
        return []
    lines = [*facts.notes, *(say("harmless: {text}", text=text) for text in facts.harmless)]
    more = [say("{n} more in the JSON report", n=len(lines) - limit)] if len(lines) > limit else []
    return lines[:limit] + more


def numerics_lines(report: Report, say: Words) -> list[str]:
    """Return the key numerics of the layers near the origin, a layer a line.

    A count of 0 is left out.
    """
    lines = []
    for layer in report.replay.numerics if report.replay else ():
        told = [
            f"{say(name.replace('_', ' '))} {number(value)}"
            for name, value in layer.values.items()
            if value or not name.startswith(("num_", "rows_"))
        ]
        note = f" ({layer.note})" if layer.note else ""
        kind = say(layer.kind.replace("_", " "))
        lines.append(f"{layer.module or say('(root)')}: {kind}: {', '.join(told)}{note}")
    return lines


def trial_detail(trial: Trial, say: Words) -> str:
    """Return the detail of a trial, cut to a few lines, and that a cure-all proves nothing."""
    detail = clipped(trial.detail, 160)
    if not trial.hides:
        return detail
    warning = say("hides the symptom; proves nothing")
    return f"{warning}; {detail}" if detail else warning


def missing(report: Report, say: Words) -> list[str]:
    """Return what was not looked at, why, and what it would have added."""
    lines = []
    for item in report.skipped:
        line = f"{item.what}: {item.reason}"
        if item.would_add:
            line += say("; would have shown: {what}", what=item.would_add)
        lines.append(line)
    return lines
