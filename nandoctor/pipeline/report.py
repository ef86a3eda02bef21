"""From Evidence to Report: rules, decision, and the tensors worth showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nandoctor import decision
from nandoctor.evidence import CheckpointFacts, Evidence, LogFacts, TensorStats
from nandoctor.findings import Finding, Report
from nandoctor.rules import run_rules

DIAGNOSING = frozenset({"diagnose", "replay", "classify", "triage"})


def report_on(evidence: Evidence, *, show_all: bool = False) -> Report:
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
        tensors=shown_tensors(evidence, findings, show_all),
        logs=evidence.logs,
        checkpoints=evidence.checkpoints,
        skipped=evidence.skipped,
        timings=evidence.timings,
    )
    return diagnosed(report, evidence) if evidence.command in DIAGNOSING else report


def diagnosed(report: Report, evidence: Evidence) -> Report:
    """Add the diagnosis, the path through the decision tree and the plan."""
    diagnosis = decision.diagnose(evidence, report.findings)
    steps = decision.walk(evidence, report.findings) if evidence.command == "diagnose" else ()
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


def shown_tensors(
    evidence: Evidence, findings: Sequence[Finding], show_all: bool
) -> tuple[TensorStats, ...]:
    """The suspicious tensors of the crash checkpoint, worst first; all of them where asked for."""
    if evidence.crash is None:
        return ()
    named = {finding.where for finding in findings if finding.severity != "note"}
    tensors = evidence.crash.tensors if show_all else suspicious(evidence.crash, named)
    return tuple(sorted(tensors, key=badness, reverse=True))


def suspicious(facts: CheckpointFacts, named: set[str]) -> tuple[TensorStats, ...]:
    """Tensors that are non-finite or that a finding names."""
    return tuple(t for t in facts.tensors if not t.is_finite or t.name in named)


def badness(tensor: TensorStats) -> tuple[float, float]:
    """Sort key: the share of non-finite elements, then the largest magnitude."""
    return (tensor.num_nonfinite / max(tensor.numel, 1), tensor.absmax or 0.0)
