"""The one place that raises a grade: what a trial, or the replay, proves of a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nandoctor.evidence import Evidence, Trial
from nandoctor.findings import Finding, Grade


def confirm(evidence: Evidence, finding: Finding) -> Finding:
    """Return the finding with the grade that the trials give it.

    Verified: an intervention that the rule names made the reproduced step finite, and it does not
    hide the fault. A note, a finding about something else than the failing step and one that
    evidence speaks against stay as they are.
    """
    if not finding.is_cause or finding.severity == "note" or finding.grade is Grade.verified:
        return finding
    if finding.against or not is_reproduced(evidence):
        return finding
    proof = proof_of(evidence, finding)
    if proof is None or _concerns_log_only(finding):
        return finding
    return replace(
        finding,
        grade=Grade.verified,
        evidence=(proof_text(proof), *finding.evidence),
    )


def confirm_all(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Confirm every finding."""
    return tuple(confirm(evidence, finding) for finding in findings)


def is_reproduced(evidence: Evidence) -> bool:
    """Whether the replay failed, so that a trial that succeeds means something."""
    return evidence.replay is not None and evidence.replay.phase is not None


def proof_of(evidence: Evidence, finding: Finding) -> Trial | None:
    """Return the first trial that fixed the step and is one that confirms this cause."""
    for name in finding.confirmed_by:
        trial = evidence.trial(name)
        if trial is not None and trial.outcome == "fixed" and not trial.hides:
            return trial
    return None


def refutation_of(evidence: Evidence, finding: Finding) -> str:
    """Return which of the confirming interventions ran and left the step broken."""
    failed = [
        name
        for name in finding.confirmed_by
        if (trial := evidence.trial(name)) is not None and trial.outcome == "not_fixed"
    ]
    if not failed or proof_of(evidence, finding) is not None:
        return ""
    return f"{', '.join(failed)} did not fix the step"


def proof_text(trial: Trial) -> str:
    """Return what a fixing trial showed, in words."""
    detail = f" ({trial.detail})" if trial.detail else ""
    loss = "" if trial.loss is None else f": loss {trial.loss:.4g}"
    return f"with {trial.intervention}{detail} the step is finite{loss}"


def _concerns_log_only(finding: Finding) -> bool:
    """Whether a finding speaks of the course of the run, which one repaired step cannot prove."""
    return finding.code.startswith("ND6") or finding.code == "ND303"
