"""From Evidence to Report: rules, decision, and the tensors worth showing."""

from __future__ import annotations

from dataclasses import replace

from nandoctor import decision
from nandoctor.evidence import Evidence, LogFacts
from nandoctor.findings import ComponentSummary, Report
from nandoctor.pipeline.components import components_of
from nandoctor.pipeline.showing import SUSPICIOUS, Showing
from nandoctor.rules import run_rules

DIAGNOSING = frozenset({"diagnose", "replay", "classify", "triage"})


def report_on(evidence: Evidence, *, showing: Showing = SUSPICIOUS) -> Report:
    """Join what was observed and what it means."""
    findings = decision.confirm_all(evidence, run_rules(evidence))
    leading = evidence.logs[0] if len(evidence.logs) == 1 else leading_log(evidence)
    report = Report(
        command=evidence.command,
        inputs=evidence.inputs,
        findings=findings,
        pattern=leading.pattern if leading else None,
        forecast=leading.forecast if leading else None,
        replay=evidence.replay,
        trials=evidence.trials,
        tensors=showing.tensors(evidence, findings),
        logs=evidence.logs,
        checkpoints=evidence.checkpoints,
        skipped=evidence.skipped,
        timings=evidence.timings,
        components=_components(evidence),
    )
    return diagnosed(report, evidence) if evidence.command in DIAGNOSING else report


def _components(evidence: Evidence) -> tuple[ComponentSummary, ...]:
    if evidence.command != "inspect" or evidence.crash is None:
        return ()
    return components_of(evidence.crash.tensors)


def diagnosed(report: Report, evidence: Evidence) -> Report:
    """Add the diagnosis, the path through the decision tree and the plan."""
    diagnosis = decision.diagnose(evidence, report.findings)
    is_asked = evidence.command == "diagnose" and decision.is_crash(evidence, report.findings)
    steps = decision.walk(evidence, report.findings) if is_asked else ()
    return replace(
        report,
        diagnosis=diagnosis,
        decision=steps,
        prescriptions=decision.prescribe(evidence, report.findings, diagnosis),
        likely=decision.likely_causes(evidence, report.findings, diagnosis),
        next_evidence=decision.next_evidence(evidence, report.findings, diagnosis),
    )


def leading_log(evidence: Evidence) -> LogFacts | None:
    """The log whose pattern leads: the longest that has one."""
    judged = [log for log in evidence.logs if log.pattern]
    return max(judged, key=lambda log: len(log.history)) if judged else None
