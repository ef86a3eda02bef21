"""The one place that raises a grade: what a trial, or the replay, proves of a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nandoctor.evidence import Evidence, Trial
from nandoctor.findings import Finding, Grade

ABSURD = 1e9  # times the run's usual loss: finite in fp64 or behind a clamp, and no cure


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
    """Return the first trial that cured the step and is one that confirms this cause."""
    for name in finding.confirmed_by:
        trial = evidence.trial(name)
        if trial is not None and trial.outcome == "fixed" and _is_cure(evidence, trial):
            return trial
    return None


def _is_cure(evidence: Evidence, trial: Trial) -> bool:
    """Whether a finite step is a sound one: not hidden, not by most samples left out, not huge."""
    if trial.hides or (trial.intervention == "drop_samples" and _drops_most(evidence)):
        return False
    return trial.loss is None or abs(trial.loss) <= ABSURD * max(_usual_loss(evidence), 1.0)


def _drops_most(evidence: Evidence) -> bool:
    replay = evidence.replay
    samples = replay.origin.samples if replay and replay.origin else None
    rows = max((item.shape[0] for item in replay.batch if item.shape), default=0) if replay else 0
    return bool(samples) and rows > 1 and len(samples or ()) > 0.5 * rows


def _usual_loss(evidence: Evidence) -> float:
    """Return the median magnitude of the finite logged losses, 0 where there is none."""
    column = evidence.history.loss if evidence.history else None
    finite = np.abs(column.values[column.finite]) if column is not None else np.zeros(0)
    return float(np.median(finite)) if finite.size else 0.0


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
