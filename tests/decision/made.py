"""Findings and evidence for the decision's tests; every value is made up."""

from __future__ import annotations

from typing import Any

import builders

from nandoctor.evidence import Evidence, Pattern, Trial
from nandoctor.findings import Finding, Grade


def op_finding(**changes: Any) -> Finding:
    """Build the finding of log(0) at the origin."""
    return builders.finding(**{"grade": Grade.reproduced, "confirmed_by": ("eps",), **changes})


def dynamics_finding(**changes: Any) -> Finding:
    """Build the finding of a divergence before the crash."""
    given = {
        "code": "ND601", "cause": "learning_rate_too_high", "grade": Grade.observed, "score": 0.75,
        "message": "the loss diverges over 10 steps", "where": "step 1049", "evidence": (),
        "confirmed_by": (), "component": "optimizer",
    }  # fmt: skip
    return builders.finding(**{**given, **changes})


def trial(name: str, outcome: Any = "fixed", **changes: Any) -> Trial:
    """Build one trial."""
    return Trial(name, outcome, **{"loss": 1.0 if outcome == "fixed" else None, **changes})


def crashed(*trials: Trial, **changes: Any) -> Evidence:
    """Build a reproduced crash with these trials and no others."""
    return builders.evidence(trials=trials, **changes)


def healthy(**changes: Any) -> Evidence:
    """Build a healthy run."""
    report = builders.clean_report()
    checkpoint = builders.checkpoint(missing=())
    return Evidence("diagnose", **{"logs": report.logs, "checkpoints": (checkpoint,), **changes})


def recovered() -> Pattern:
    """Build the pattern of a spike that healed."""
    return Pattern("spike", "recovered", onset_step=1030, confidence=0.9)
