"""Sentences that several renderers say in the same words; each escapes and styles them itself."""

from __future__ import annotations

from typing import Literal, NamedTuple

from nandoctor.evidence import OpTensor, Origin, Trial
from nandoctor.findings import Report
from nandoctor.reports.text import number
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
    lines = [Reason(text, "for") for text in claim.evidence]
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


def pattern_facts(report: Report, say: Words) -> list[str]:
    """Return the numbers behind the pattern, what the log hides and when a warning stood."""
    pattern, forecast = report.pattern, report.forecast
    facts = list(pattern.evidence) if pattern else []
    if pattern and pattern.hidden_nan_step is not None:
        facts.append(say("the log hides NaN from step {step}", step=pattern.hidden_nan_step))
    if forecast and forecast.lead is not None:
        first = min((*forecast.alarm, *forecast.watch))
        text = "the first warning stood at step {step}, {lead} steps before the crash"
        facts.append(say(text, step=first, lead=forecast.lead))
    return facts


def origin_facts(place: Origin, say: Words) -> list[tuple[str, str]]:
    """Return label and value of everything that is known about an origin."""
    op = f"{place.op} ({say('of')} {place.forward_op})" if place.forward_op else place.op
    module = place.module or say("(root)")
    where = f" ({'; '.join(place.positions)})" if place.positions else ""
    samples = "" if place.samples is None else ", ".join(map(str, place.samples)) + where
    more = f" (+{len(place.reaches) - 4})" if len(place.reaches) > 4 else ""
    facts = [
        (say("phase"), say(place.phase)),
        (say("module"), module + (f" ({place.module_class})" if place.module_class else "")),
        (say("op"), op),
        (say("tensor"), place.tensor or ""),
        (say("samples"), samples),
        *((say("in"), operand(item, say)) for item in place.inputs),
        *((say("out"), operand(item, say)) for item in place.outputs),
        (say("path"), " → ".join(place.path_to_loss)),
        (say("reaches"), ", ".join(place.reaches[:4]) + more),
    ]
    return [(label, value) for label, value in facts if value]


def operand(item: OpTensor, say: Words) -> str:
    """Return dtype, shape, range and what is wrong of a tensor at the origin."""
    stats = item.stats
    shape = "x".join(map(str, stats.shape)) or say("scalar")
    text = f"{stats.dtype} {shape}  {number(stats.min)} … {number(stats.max)}"
    if stats.num_nonfinite:
        text += f"  {say('{n} non-finite', n=f'{stats.num_nonfinite:,}')}"
    if item.offending:
        values = ", ".join(number(value) for value in item.offending[:3])
        text += f"  [{say('offending')}: {values}]"
    return text


def replay_notes(report: Report, say: Words) -> list[str]:
    """Return what the replay adds: notes and non-finite values that are harmless."""
    facts = report.replay
    if facts is None:
        return []
    return [*facts.notes, *(say("harmless: {text}", text=text) for text in facts.harmless)]


def trial_detail(trial: Trial, say: Words) -> str:
    """Return the detail of a trial, and that a cure-all proves nothing."""
    if not trial.hides:
        return trial.detail
    warning = say("hides the symptom; proves nothing")
    return f"{warning}; {trial.detail}" if trial.detail else warning


def missing(report: Report, say: Words) -> list[str]:
    """Return what was not looked at, why, and what it would have added."""
    lines = []
    for item in report.skipped:
        line = f"{item.what}: {item.reason}"
        if item.would_add:
            line += say("; would have shown: {what}", what=item.would_add)
        lines.append(line)
    return lines
