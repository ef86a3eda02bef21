"""The diagnosis: the leading cause with its mechanism and the alternatives, or abstention."""

from __future__ import annotations

from collections.abc import Sequence

from nandoctor.decision.confirm import confirm_all, is_reproduced
from nandoctor.decision.ranking import (
    DATA,
    DYNAMICS,
    LEAST,
    PROVED,
    RATES,
    STATE,
    Candidate,
    is_crash,
    ranked,
)
from nandoctor.evidence import Evidence
from nandoctor.findings import Alternative, Diagnosis, Finding, Grade

MOST = {Grade.hypothesis: 0.5, Grade.observed: 0.8, Grade.reproduced: 0.9, Grade.verified: 0.99}
SHAPES = RATES | {"bad_batch"}
_NUM_ALTERNATIVES = 5


def diagnose(evidence: Evidence, findings: Sequence[Finding]) -> Diagnosis | None:
    """Return the cause that leads, None where nothing crashed or the evidence does not decide."""
    if not is_crash(evidence, findings):
        return None
    candidates = ranked(evidence, confirm_all(evidence, findings))
    if not candidates or candidates[0].weight < LEAST:
        return None
    lead, others = candidates[0], candidates[1:]
    grade = grade_of(evidence, lead)
    return Diagnosis(
        cause=lead.finding.cause,
        code=lead.finding.code,
        grade=grade,
        confidence=confidence_of(lead, others, grade),
        mechanism=mechanism_of(lead.finding, others),
        component=lead.finding.component,
        evidence=(lead.finding.message, *lead.finding.evidence, *_course(evidence, lead)),
        against=lead.reasons,
        alternatives=tuple(_alternative(other, lead) for other in others[:_NUM_ALTERNATIVES]),
    )


def grade_of(evidence: Evidence, lead: Candidate) -> Grade:
    """Return the leading claim's grade: old weights that pass the batch reproduce the dynamics."""
    finding = lead.finding
    if finding.cause in DYNAMICS and is_reproduced(evidence):
        return Grade.reproduced if evidence.is_fixed_by("old_weights") else finding.grade
    if lead.weight < 0.5 and finding.grade < Grade.verified:
        return Grade.hypothesis
    if finding.cause in SHAPES and finding.score < PROVED and evidence.replay is None:
        return Grade.hypothesis  # the shape of a curve alone: other causes draw the same
    return finding.grade


def confidence_of(lead: Candidate, others: Sequence[Candidate], grade: Grade) -> float:
    """Return the weight, lowered where the runner-up is close, capped by the grade."""
    margin = lead.weight - (others[0].weight if others else 0.0)
    closeness = 1.0 if margin > 0.2 else 0.75 + 1.25 * margin
    return round(min(lead.weight * closeness, MOST[grade]), 3)


def mechanism_of(lead: Finding, others: Sequence[Candidate]) -> str | None:
    """Return the op's own pathology where the leading cause lies before it."""
    if lead.mechanism:
        return lead.mechanism
    if lead.cause not in DYNAMICS | STATE | DATA | {"loss_scale_collapse"}:
        return None
    ops = [c.finding.cause for c in others if is_op(c.finding)]
    return ops[0] if ops else None


def is_op(finding: Finding) -> bool:
    """Whether a finding explains an op that failed."""
    return finding.code[:3] in ("ND1", "ND2", "ND5") and finding.cause != "loss_scale_collapse"


def _course(evidence: Evidence, lead: Candidate) -> tuple[str, ...]:
    if lead.finding.cause in DYNAMICS and evidence.is_fixed_by("old_weights"):
        return ("the crash batch is finite on the last good weights",)
    return ()


def _alternative(other: Candidate, lead: Candidate) -> Alternative:
    reason = other.reasons[0] if other.reasons else ""
    if not reason and other.weight < lead.weight - 0.1:
        reason = f"fits less well than {lead.finding.cause}"
    return Alternative(other.finding.cause, other.finding.grade, reason)
