"""The one sentence of a report: what is wrong, how sure that is and where; renders nothing."""

from __future__ import annotations

from dataclasses import dataclass

from nandoctor.evidence import Pattern
from nandoctor.findings import ChecklistItem, Report
from nandoctor.reports.summary import Mark, count, lead_finding, pattern_title, place, worst
from nandoctor.reports.words import Words, cause_title


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
    """Return the headline of a report."""
    lead = lead_finding(report)
    mark = worst(report)
    sentence = lead.message if lead else ""
    if report.command == "classify" and report.pattern is not None:
        return _classified(report, report.pattern, say)
    if report.diagnosis is not None:
        claim = report.diagnosis
        share = say("{percent} % confident", percent=round(100 * claim.confidence))
        return Verdict(
            mark="error" if mark == "clean" else mark,
            title=cause_title(claim.cause, say),
            sentence=sentence, where=place(report, lead), code=claim.code,
            certainty=f"{say(claim.grade.name)} · {share}",
        )  # fmt: skip
    if report.command == "compare":
        bad = sum(change.kind == "new_nonfinite" for change in report.changes)
        moved = sum(change.kind != "same" for change in report.changes)
        text = "{n} tensors turned non-finite" if bad else "{n} tensors changed"
        return Verdict("error" if bad else "clean", say(text, n=bad or moved))
    if report.checklist and not report.findings:
        poor = sum(_is_poor(point) for point in report.checklist)
        open_ = sum(point.answer == "unknown" for point in report.checklist)
        text = "{n} of {all} points need attention, {open} are unknown"
        title = say(text, n=poor, all=len(report.checklist), open=open_)
        return Verdict("warning" if poor else "clean", title)
    if mark == "clean":
        return Verdict(mark, say("Nothing found"))
    if report.files:
        bad = sum(file.status == "found" for file in report.files)
        text = "{n} of {all} files have a fault"
        return Verdict(mark, say(text, n=bad, all=len(report.files)))
    title = count(report, say)
    if report.command == "triage" and lead is not None:
        return Verdict(mark, cause_title(lead.cause, say), sentence, lead.where, lead.code)
    if report.command in ("diagnose", "replay"):
        title = say("Cause not decided") + f" ({title})"
    return Verdict(mark, title, sentence, place(report, lead))


def _is_poor(point: ChecklistItem) -> bool:
    return point.answer != "unknown" and (point.answer == "yes") != point.is_good


def _classified(report: Report, pattern: Pattern, say: Words) -> Verdict:
    """Return the headline of ``classify``: the pattern, and below it the likely cause."""
    share = say("{percent} % confident", percent=round(100 * pattern.confidence))
    claim, lead = report.diagnosis, lead_finding(report)
    title = pattern_title(pattern, say)
    if claim is None:
        return Verdict(worst(report), title, lead.message if lead else "", certainty=share)
    text = "likely cause: {cause} ({code}, {grade})"
    where = say(text, cause=cause_title(claim.cause, say), code=claim.code,
                grade=say(claim.grade.name))  # fmt: skip
    return Verdict(worst(report), title, lead.message if lead else "", where, certainty=share)
