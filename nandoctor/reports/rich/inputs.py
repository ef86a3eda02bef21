"""What was read: checkpoints and logs, what they lack, hide or could not give."""

from __future__ import annotations

from rich.console import RenderableType

from nandoctor.evidence import CheckpointFacts, LogFacts
from nandoctor.findings import Report
from nandoctor.reports.rich.style import pairs, section
from nandoctor.reports.text import number, shorten, size
from nandoctor.reports.view import View
from nandoctor.reports.words import Words

EVENTS = 6


def inputs(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return one row a fact about every file that was read."""
    rows: list[tuple[str, RenderableType]] = []
    for facts in report.checkpoints:
        rows += _checkpoint(facts, view, say)
    for log in report.logs:
        rows += _log(log, view, say)
    return section(say("What was read"), pairs(rows)) if rows else None


def _checkpoint(facts: CheckpointFacts, view: View, say: Words) -> list[tuple[str, RenderableType]]:
    training = facts.training
    known = [facts.format, size(facts.num_bytes), say("{n} tensors", n=f"{len(facts.tensors):,}")]
    if training.step is not None:
        known.append(say("step {step}", step=training.step))
    known += [text for text in (training.precision, training.optimizer) if text]
    if training.lr is not None:
        known.append(f"lr {number(training.lr)}")
    if training.loss_scale is not None:
        known.append(say("loss scale {scale}", scale=number(training.loss_scale)))
    rows: list[tuple[str, RenderableType]] = [
        (say("checkpoint"), shorten(facts.path, view.width - 18)),
        ("", " · ".join(known)),
    ]
    if facts.missing:
        rows.append(("", say("lacks for a faithful resume: {what}", what=", ".join(facts.missing))))
    if facts.classes:
        names = ", ".join(facts.classes[:4])
        rows.append(("", say("unknown classes, not loaded: {names}", names=names)))
    if facts.dangerous:
        names = ", ".join(facts.dangerous[:4])
        rows.append(("", say("would run code, refused: {names}", names=names)))
    rows += [("", say("damaged: {where}: {reason}", where=d.where, reason=d.reason))
             for d in facts.damage[:EVENTS]]  # fmt: skip
    return rows


def _log(log: LogFacts, view: View, say: Words) -> list[tuple[str, RenderableType]]:
    columns = ", ".join(list(log.history.columns)[:6])
    known = [log.format, say("{n} rows", n=f"{len(log.history):,}"), columns]
    rows: list[tuple[str, RenderableType]] = [
        (say("log"), shorten(log.path, view.width - 18)),
        ("", " · ".join(part for part in known if part)),
    ]
    if log.num_unread:
        rows.append(("", say("{n} lines could not be read", n=f"{log.num_unread:,}")))
        rows += [("", shorten(line, view.width - 18)) for line in log.unread_examples[:2]]
    for event in log.events[:EVENTS]:
        text = f"{say('line {n}', n=event.line)}: {event.kind}: {event.text}"
        rows.append(("", shorten(text, 2 * (view.width - 18))))
    if len(log.events) > EVENTS:
        rows.append(("", say("{n} more events", n=len(log.events) - EVENTS)))
    return rows
