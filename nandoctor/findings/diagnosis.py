"""The cause that leads, the others, and the questions on the way to it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from nandoctor.evidence import Component
from nandoctor.findings.finding import Grade


@dataclass(frozen=True, slots=True)
class Alternative:
    """A cause that was considered and does not lead."""

    cause: str
    grade: Grade
    ruled_out_by: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The cause that leads, how sure it is and why not the others."""

    cause: str
    code: str
    grade: Grade
    confidence: float
    mechanism: str | None = None
    component: Component | None = None
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionStep:
    """One question of the decision tree, answered from evidence."""

    question: str
    answer: str
    evidence: str = ""
