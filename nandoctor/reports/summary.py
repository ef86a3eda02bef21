"""What headlines are made of: the worst severity, the leading finding, the place, the counts."""

from __future__ import annotations

from typing import Literal

from nandoctor.evidence import Origin, Pattern
from nandoctor.findings import Finding, Report
from nandoctor.reports.words import Words

Mark = Literal["error", "warning", "clean"]


def worst(report: Report) -> Mark:
    """Return the worst severity in a report and its files."""
    if any(finding.severity == "error" for finding in all_findings(report)):
        return "error"
    return "warning" if report.status == "found" else "clean"


def all_findings(report: Report) -> tuple[Finding, ...]:
    """Return the findings of a report and of its files."""
    return (*report.findings, *(f for file in report.files for f in all_findings(file)))


def lead_finding(report: Report) -> Finding | None:
    """Return the finding that the headline quotes: the diagnosed cause, else the gravest.

    Of a checkpoint the tensors are told before the curve that it stores.
    """
    if report.diagnosis is not None:
        causes = [f for f in report.findings if f.cause == report.diagnosis.cause]
        if causes:
            return causes[0]
    order = {"error": 0, "warning": 1, "note": 2}
    grave = [f for f in report.findings if f.severity != "note"]
    is_asked_for_tensors = report.command == "inspect"

    def rank(finding: Finding) -> tuple[int, bool]:
        return order[finding.severity], is_asked_for_tensors and finding.code.startswith("ND6")

    return min(grave, key=rank, default=None)


def place(report: Report, finding: Finding | None, say: Words) -> str:
    """Return where it happened, from the origin, else from the finding."""
    if report.origin is not None:
        return origin_place(report.origin, say)
    return finding.where if finding and finding.where not in report.inputs else ""


def origin_place(origin: Origin, say: Words) -> str:
    """Return module, op, samples and source line of an origin on one line."""
    tensor = origin.tensor or ""
    module = (
        "" if origin.module and tensor.startswith(origin.module) else origin.module or say("(root)")
    )
    parts = [module, tensor, origin.op]
    if origin.samples is not None:
        numbers = ", ".join(str(sample) for sample in origin.samples[:8])
        more = ", …" if len(origin.samples) > 8 else ""
        parts.append(say("sample {n}", n=numbers + more))
    source = origin.user_source or origin.source
    if source:
        parts.append(f"{source.file.rsplit('/', 1)[-1]}:{source.line}")
    return " · ".join(part for part in parts if part)


def pattern_title(pattern: Pattern, say: Words) -> str:
    """Return a pattern and how it ended in a few words."""
    if pattern.pattern == "healthy":
        return say("healthy")
    end = {
        "nan": "{pattern}, NaN at step {step}",
        "inf": "{pattern}, Inf at step {step}",
        "recovered": "{pattern}, recovered",
        "diverged": "{pattern}, diverged",
    }.get(pattern.outcome, "{pattern}, still going")
    return say(end, pattern=say(pattern.pattern), step=pattern.first_nonfinite_step)


def count(report: Report, say: Words) -> str:
    """Return how many errors and warnings there are."""
    found = all_findings(report)
    errors = sum(finding.severity == "error" for finding in found)
    warnings = sum(finding.severity == "warning" for finding in found)
    parts = []
    if errors:
        parts.append(say("{n} error" if errors == 1 else "{n} errors", n=errors))
    if warnings:
        parts.append(say("{n} warning" if warnings == 1 else "{n} warnings", n=warnings))
    return ", ".join(parts) or say("Nothing found")
