"""What a curve alone lets one suspect, with what would tell; no claim is made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nandoctor.decision.ranking import is_crash
from nandoctor.evidence import Evidence
from nandoctor.findings import Diagnosis, Finding, Grade

SUSPECTS: Mapping[str, Sequence[tuple[str, str]]] = {
    "spike": (
        ("bad_batch", "replay the batch of that step on the weights before it"),
        ("fp16_overflow", "the same step in fp32 stays finite, and the loss scale falls"),
        ("log_of_zero", "replay names the op whose input left its domain"),
    ),
    "exponential": (
        ("learning_rate_too_high", "half the rate, from the last good checkpoint, stays in band"),
        ("gradient_accumulation", "the logged gradient norm is k times the replayed one"),
        ("missing_warmup", "the rate stands at its peak within the first steps"),
    ),
    "oscillating": (
        ("optimizer_state", "inspect the moments: negative, non-finite or stale exp_avg_sq"),
        ("optimizer_instability", "momentum or betas at or beyond 1, negative weight decay"),
        ("learning_rate_too_high", "half the rate, from the last good checkpoint, stays in band"),
    ),
}


def likely_causes(
    evidence: Evidence, findings: Sequence[Finding], diagnosis: Diagnosis | None
) -> tuple[str, ...]:
    """Return the causes that the pattern suggests besides the diagnosed one, likeliest first.

    Only where nothing better than the curve decides: no replay, no cause that was observed.
    """
    pattern = evidence.pattern
    if pattern is None or evidence.replay is not None or not is_crash(evidence, findings):
        return ()
    if diagnosis is not None and diagnosis.grade > Grade.hypothesis:
        return ()
    return tuple(
        f"{cause}: {tell}"
        for cause, tell in SUSPECTS.get(pattern.pattern, ())
        if diagnosis is None or cause != diagnosis.cause
    )
