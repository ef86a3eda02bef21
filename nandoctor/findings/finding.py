"""What a rule saw, how well it is backed and what to do about it; the checks are in rules/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from nandoctor.evidence import Component, Evidence

Severity = Literal["error", "warning", "note"]


class Grade(IntEnum):
    """How well a claim is backed; only ``decision.confirm`` raises one to verified."""

    hypothesis = 0
    observed = 1
    reproduced = 2
    verified = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule saw in the evidence."""

    code: str
    cause: str
    severity: Severity
    grade: Grade
    message: str
    where: str = ""
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    score: float = 0.5
    """How well the evidence fits this cause, in 0..1; ranks competing causes of one grade."""
    mechanism: str | None = None
    """The cause id of the op that failed, where this finding explains why it could."""
    component: Component | None = None
    is_cause: bool = True
    """False for facts that cannot lead a diagnosis (completeness of a checkpoint, notes)."""
    prescriptions: tuple[Prescription, ...] = ()
    confirmed_by: tuple[str, ...] = ()
    """The rule's interventions of which one that fixed the step verifies the cause."""


@dataclass(frozen=True, slots=True)
class Prescription:
    """One thing to do now, with a concrete value."""

    action: str
    value: str = ""
    grade: Grade = Grade.hypothesis
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause: its page, its check and what would confirm it.

    Args:
        code: ``ND`` and three digits (DESIGN: ND1xx domain ... ND9xx not numeric).
        cause: The cause id; also the file's name.
        doc: The page, with the fixed headings as ``## What it does`` ...
        check: Evidence -> the findings of this rule, empty where it stays silent.
        confirmed_by: Intervention ids of which one that fixed the step verifies the cause.
    """

    code: str
    cause: str
    doc: str
    check: Callable[[Evidence], tuple[Finding, ...]]
    confirmed_by: tuple[str, ...] = ()
