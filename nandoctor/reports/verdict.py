"""The one sentence of a report: what is wrong, how sure that is and where; renders nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nandoctor.findings import Finding, Report
from nandoctor.reports.changes import HARMFUL, leading_change
from nandoctor.reports.located import located
from nandoctor.reports.summary import Mark, count, lead_finding, pattern_title, place, worst
from nandoctor.reports.words import Words, cause_title

UNSEEN = "The batch that failed was not seen: save it and replay again."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline that all renderers share.

    Args:
        mark: The worst severity; notes are clean.
        title: A few words.
        sentence: One fact about it, empty where there is none.
        where: Module, op, samples; empty where there is no place.
        certainty: Grade and confidence in words, empty where nothing is claimed.
    """

    mark: Mark
    title: str
    sentence: str = ""
    where: str = ""
    code: str = ""
    certainty: str = ""


def verdict(report: Report, say: Words) -> Verdict:
    """Return the headline of a report: the first of the kinds below that fits it."""
    found = (kind(report, say) for kind in _KINDS)
    return next((claim for claim in found if claim is not None), Verdict("clean", ""))


def _message(report: Report) -> str:
    lead = lead_finding(report)
    return lead.message if lead else ""


def _confident(confidence: float, say: Words) -> str:
    return say("{percent} % confident", percent=round(100 * confidence))


def _classified(report: Report, say: Words) -> Verdict | None:
    """The pattern of ``classify``, and below it the likely cause."""
    pattern, claim = report.pattern, report.diagnosis
    if report.command != "classify" or pattern is None:
        return None
    cause = ""
    if claim is not None:
        text = "likely cause: {cause} ({code}, {grade})"
        title, grade = cause_title(claim.cause, say), say(claim.grade.name)
        cause = say(text, cause=title, code=claim.code, grade=grade)
    certainty = _confident(pattern.confidence, say)
    title = pattern_title(pattern, say)
    return Verdict(worst(report), title, _message(report), cause, certainty=certainty)


def _diagnosed(report: Report, say: Words) -> Verdict | None:
    claim, mark = report.diagnosis, worst(report)
    if claim is None:
        return None
    return Verdict(
        mark="error" if mark == "clean" else mark,
        title=cause_title(claim.cause, say), sentence=_message(report),
        where=place(report, lead_finding(report), say), code=claim.code,
        certainty=f"{say(claim.grade.name)} · {_confident(claim.confidence, say)}",
    )  # fmt: skip


def _compared(report: Report, say: Words) -> Verdict | None:
    """How many tensors changed, and the one that leads; a fault of B makes it no clean one."""
    if report.command != "compare":
        return None
    changed = [change for change in report.changes if change.kind != "same"]
    bad = [change for change in changed if change.kind == "new_nonfinite"]
    text = "{n} tensors turned non-finite" if bad else "{n} tensors changed"
    if len(bad or changed) == 1:
        text = text.replace("tensors", "tensor")
    title = say(text, n=len(bad or changed)) if changed else say("No tensor changed")
    mark: Mark = worst(report.files[-1]) if report.files else "clean"
    if mark == "clean" and any(change.kind in HARMFUL for change in changed):
        mark = "warning"
    return Verdict("error" if bad else mark, title, leading_change(changed, say))


def _checked(report: Report, say: Words) -> Verdict | None:
    if report.command != "checklist":
        return None
    known = [point for point in report.checklist if point.answer != "unknown"]
    num_poor = sum((point.answer == "yes") != point.is_good for point in known)
    total, num_open = len(report.checklist), len(report.checklist) - len(known)
    text = "{n} of {all} points need attention, {open} are unknown"
    title = say(text, n=num_poor, all=total, open=num_open)
    return Verdict("warning" if num_poor else "clean", title)


def _clean(report: Report, say: Words) -> Verdict | None:
    if worst(report) != "clean":
        return None
    if report.replay is not None and report.replay.is_batch_synthetic:
        return Verdict("clean", say("Nothing found on a made-up batch"), say(UNSEEN))
    return Verdict("clean", say("Nothing found"))


def _several(report: Report, say: Words) -> Verdict | None:
    if not report.files:
        return None
    num_bad = sum(file.status == "found" for file in report.files)
    text = "{n} of {all} files have a fault"
    return Verdict(worst(report), say(text, n=num_bad, all=len(report.files)))


def _triaged(report: Report, say: Words) -> Verdict | None:
    """The failure class of one job log, and of a run whose log ends in one that is not numeric."""
    lead = lead_finding(report)
    if lead is None or (report.command != "triage" and not _ended_run(report, lead)):
        return None
    title = cause_title(lead.cause, say)
    line = next((found.line for found in located(report) if found.finding is lead), None)
    where = say("line {n}", n=line) if line else lead.where
    return Verdict(worst(report), title, lead.message, where, lead.code)


def _ended_run(report: Report, lead: Finding) -> bool:
    """Whether the log says what ended the run: memory, network, device, disk or a signal."""
    exploded = report.pattern is not None and report.pattern.first_nonfinite_step is not None
    return report.command == "diagnose" and lead.code.startswith("ND9") and not exploded


def _undecided(report: Report, say: Words) -> Verdict:
    title = count(report, say)
    if report.command in ("diagnose", "replay"):
        counted = f" ({title})" if report.findings else ""
        title = say("Cause not decided") + counted
    return Verdict(worst(report), title, _message(report), place(report, lead_finding(report), say))


_KINDS: tuple[Callable[[Report, Words], Verdict | None], ...] = (
    _classified, _diagnosed, _compared, _checked, _clean, _several, _triaged, _undecided,
)  # fmt: skip
