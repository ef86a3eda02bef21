"""What is known of every file that was read, as label and text; styles nothing."""

from __future__ import annotations

from nandoctor.evidence import CheckpointFacts, LogFacts
from nandoctor.findings import ComponentSummary, Report
from nandoctor.reports.text import number, shorten, size
from nandoctor.reports.words import Words

EVENTS = 6
_LONGEST = 160


def read_facts(report: Report, say: Words) -> list[tuple[str, str]]:
    """Return one row a fact; the label stands at the first row of a file only."""
    parts = [_component(part, say) for part in report.components]
    rows = [row for facts in report.checkpoints for row in _checkpoint(facts, parts, say)]
    return rows + [row for log in report.logs for row in _log(log, say)]


def _checkpoint(facts: CheckpointFacts, parts: list[str], say: Words) -> list[tuple[str, str]]:
    lines = [" · ".join(_training(facts, say)), *parts]
    if facts.missing:
        what = ", ".join(facts.missing)
        lines.append(say("lacks for a faithful resume: {what}", what=what))
    if facts.classes:
        names = ", ".join(facts.classes[:4])
        lines.append(say("unknown classes, not loaded: {names}", names=names))
    if facts.dangerous:
        names = ", ".join(facts.dangerous[:4])
        lines.append(say("would run code, refused: {names}", names=names))
    lines += [
        say("damaged: {where}: {reason}", where=part.where, reason=part.reason)
        for part in facts.damage[:EVENTS]
    ]
    return [(say("checkpoint"), facts.path), *(("", line) for line in lines)]


def _component(part: ComponentSummary, say: Words) -> str:
    text = say("{name}: {n} tensors, {count} values, rms {rms}", name=say(part.component),
               n=part.num_tensors, count=f"{part.numel:,}", rms=number(part.rms))  # fmt: skip
    if not part.num_nonfinite:
        return text
    bad = say("{bad} non-finite values in {n} tensors", bad=f"{part.num_nonfinite:,}",
              n=part.num_bad_tensors)  # fmt: skip
    return f"{text}; {bad}"


def _training(facts: CheckpointFacts, say: Words) -> list[str]:
    training = facts.training
    known = [facts.format, size(facts.num_bytes) if facts.num_bytes else ""]
    known.append(say("{n} tensors", n=f"{len(facts.tensors):,}"))
    if training.step is not None:
        known.append(say("step {step}", step=training.step))
    known += [training.precision or "", training.optimizer or ""]
    if training.lr is not None:
        known.append(f"lr {number(training.lr)}")
    if training.loss_scale is not None:
        known.append(say("loss scale {scale}", scale=number(training.loss_scale)))
    return [text for text in known if text]


def _log(log: LogFacts, say: Words) -> list[tuple[str, str]]:
    columns = list(log.history.columns)
    names = ", ".join(columns[:8]) + (" …" if len(columns) > 8 else "")
    known = [log.format, say("{n} rows", n=f"{len(log.history):,}"), names]
    lines = [" · ".join(part for part in known if part)]
    if log.num_unread:
        lines.append(say("{n} lines could not be read", n=f"{log.num_unread:,}"))
        lines += [shorten(line, _LONGEST) for line in log.unread_examples[:2]]
    for event in log.events[:EVENTS]:
        at = say("line {n}", n=event.line)
        lines.append(shorten(f"{at}: {say(event.kind.replace('_', ' '))}: {event.text}", _LONGEST))
    if len(log.events) > EVENTS:
        lines.append(say("{n} more events", n=len(log.events) - EVENTS))
    return [(say("log"), log.path or say("values")), *(("", line) for line in lines)]
