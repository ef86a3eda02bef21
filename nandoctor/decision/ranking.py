"""Which of the competing causes leads, the earliest link that can be shown, and why not others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nandoctor.decision.confirm import is_reproduced, refutation_of
from nandoctor.evidence import Evidence
from nandoctor.findings import Finding, Grade

DYNAMICS = frozenset(
    {
        "learning_rate_too_high", "missing_warmup", "gradient_accumulation",
        "optimizer_instability", "resume_mismatch", "bad_batch",
    }
)  # fmt: skip
RATES = frozenset({"learning_rate_too_high", "missing_warmup"})
STATE = frozenset({"bad_parameter", "bad_buffer", "optimizer_state"})
DATA = frozenset({"bad_input", "unnormalised_input"})
OVERFLOW = frozenset({"fp16_overflow", "range_overflow"})
STOPPED = 0.9  # a loss scale that fell at every step: nothing was trained any more
PROVED = 0.85  # a state finding at or above it rests on a fact that no sound run can show
LEAST = 0.4  # below this fit the evidence does not decide, and nandoctor abstains


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cause with its standing among the others.

    Args:
        weight: The rule's own score after old weights, trials and competing causes.
        reasons: What lowered it.
    """

    finding: Finding
    weight: float
    reasons: tuple[str, ...] = ()


def is_crash(evidence: Evidence, findings: Sequence[Finding]) -> bool:
    """Whether there is anything to diagnose: a failed replay, an exploded loss or broken state."""
    if is_reproduced(evidence):
        return True
    pattern = evidence.pattern
    if pattern is not None and pattern.outcome in ("nan", "inf", "diverged"):
        return True
    broken = STATE | {"hidden_nan", "loss_scale_collapse"}
    return any(f.severity == "error" and f.cause in broken for f in findings)


def ranked(evidence: Evidence, findings: Sequence[Finding]) -> list[Candidate]:
    """Return the best finding of each cause, the leading one first."""
    causes = [f for f in findings if f.is_cause and f.severity == "error"]
    candidates = [weighed(evidence, finding, causes) for finding in causes]
    candidates.sort(key=lambda c: (-c.weight, c.finding.code))
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        best.setdefault(candidate.finding.cause, candidate)
    return list(best.values())


def weighed(evidence: Evidence, finding: Finding, causes: Sequence[Finding]) -> Candidate:
    """Weigh a finding against what the trials and the other findings say."""
    if finding.cause in DYNAMICS:
        factor, reason = _against_dynamics(evidence, finding, causes)
    elif finding.cause in STATE | DATA:
        factor, reason = 1.0, ""
    else:
        factor, reason = _against_op(evidence, finding, causes)
    weight, reasons = finding.score * factor, [reason] if reason else []
    refuted = refutation_of(evidence, finding)
    if refuted and not _has_other_faults(evidence, finding):
        weight *= 0.85 if finding.code[:3] in ("ND1", "ND5") else 0.6
        reasons.append(refuted)
    if finding.grade is Grade.verified:
        weight *= 1.1
    return Candidate(finding, weight, (*reasons, *finding.against))


def _has_other_faults(evidence: Evidence, finding: Finding) -> bool:
    """Whether something else is broken, too, so that one repair cannot be enough.

    A second independent origin; or weights that a bad batch has already thrown out.
    """
    if evidence.replay is not None and evidence.replay.others:
        return True
    return finding.cause in DATA and evidence.is_fixed_by("old_weights")


def _against_dynamics(
    evidence: Evidence, finding: Finding, causes: Sequence[Finding]
) -> tuple[float, str]:
    """Old weights decide: if the batch fails on them too, the training before is not to blame."""
    damage = [c for c in causes if c.cause in STATE and c.score >= PROVED]
    if damage and finding.score < PROVED + 0.1:
        return 0.6, f"the stored state is damaged: {damage[0].message}"
    trial = evidence.trial("old_weights")
    if is_reproduced(evidence) and trial is not None:
        if trial.outcome == "not_fixed" and _speaks_of_weights(evidence, finding):
            return 0.3, "the same batch fails on the last good weights, too"
        if trial.outcome == "fixed" and not _is_visible_in_data(finding, causes):
            return 1.15, ""
    if _is_visible_in_data(finding, causes):
        return 0.5, "the batch itself is visibly on the wrong scale"
    return 1.0, ""


def _speaks_of_weights(evidence: Evidence, finding: Finding) -> bool:
    """Whether old weights that fail clear the training before.

    Not in phase optimizer, where the moments of the crash are still in use, and not for settings
    outside their domain, which are a fact.
    """
    in_update = evidence.replay is not None and evidence.replay.phase == "optimizer"
    return not in_update and finding.cause != "optimizer_instability"


def _is_visible_in_data(finding: Finding, causes: Sequence[Finding]) -> bool:
    """Whether the batch shows what threw the weights out, or made an ordinary rate too high."""
    data = [other for other in causes if other.cause in DATA and other.score >= 0.6]
    if finding.cause == "bad_batch":
        return bool(data)
    is_rate = finding.cause in RATES and finding.score < PROVED
    return is_rate and any(o.cause == "unnormalised_input" and not o.against for o in data)


def _against_op(
    evidence: Evidence, finding: Finding, causes: Sequence[Finding]
) -> tuple[float, str]:
    """An op that fails after the run had diverged is the mechanism, not the cause."""
    stopped = [c for c in causes if c.cause == "loss_scale_collapse" and c.score >= STOPPED]
    if stopped and finding.cause in OVERFLOW:
        return 0.55, f"it is how every step fails: {stopped[0].message}"
    trial = evidence.trial("old_weights")
    if trial is not None and trial.outcome == "not_fixed":
        return 1.0, ""
    earlier = [
        c for c in causes
        if (c.cause in DYNAMICS and c.score >= 0.5) or (c.cause in STATE and c.score >= 0.75)
    ]  # fmt: skip
    if not earlier:
        return 1.0, ""
    first = max(earlier, key=lambda c: c.score)
    if trial is not None and trial.outcome == "fixed":
        return 0.5, f"the last good weights pass the same batch: {first.message}"
    what = "the stored state is damaged" if first.cause in STATE else "the run had diverged before"
    return 0.55, f"{what}: {first.message}"
