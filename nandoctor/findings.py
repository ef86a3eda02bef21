"""What the evidence means: findings, the diagnosis and the report; facts live in evidence.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np

from nandoctor.evidence import (
    CheckpointFacts,
    Component,
    Evidence,
    Forecast,
    Histogram,
    LogFacts,
    Origin,
    Pattern,
    ReplayFacts,
    Skipped,
    TensorChange,
    TensorSeries,
    TensorStats,
    Trial,
)

SCHEMA = "nandoctor.report/1"
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


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One point of the practitioners' checklist, answered from the run's files."""

    section: Literal["before", "during", "after", "long_term", "pitfall"]
    item: str
    answer: Literal["yes", "no", "unknown"]
    evidence: str = ""
    is_good: bool = True
    """Whether ``yes`` is the good answer; for a pitfall it is not."""


@dataclass(frozen=True, slots=True)
class ComponentSummary:
    """The parameters of one part of the model; ``rms`` and ``absmax`` are of the finite ones."""

    component: Component
    num_tensors: int
    numel: int
    num_nonfinite: int
    num_bad_tensors: int
    rms: float
    absmax: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a renderer may see."""

    command: str
    inputs: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    diagnosis: Diagnosis | None = None
    pattern: Pattern | None = None
    forecast: Forecast | None = None
    replay: ReplayFacts | None = None
    trials: tuple[Trial, ...] = ()
    tensors: tuple[TensorStats, ...] = ()
    """The suspicious ones, worst first; all of them where asked for."""
    decision: tuple[DecisionStep, ...] = ()
    prescriptions: tuple[Prescription, ...] = ()
    files: tuple[Report, ...] = ()
    logs: tuple[LogFacts, ...] = ()
    checkpoints: tuple[CheckpointFacts, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    checklist: tuple[ChecklistItem, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    """Magnitudes of the tensors that were asked for."""
    components: tuple[ComponentSummary, ...] = ()
    """The inspected model part by part, where its names tell several parts."""
    changes: tuple[TensorChange, ...] = ()
    """What changed from one checkpoint to another, worst first."""
    series: tuple[TensorSeries, ...] = ()
    """Tensors over several checkpoints, those that turned bad first."""
    likely: tuple[str, ...] = ()
    """Further causes that the curve alone suggests, each with what would tell."""
    similar: tuple[str, ...] = ()
    """Similar crashes of the user's casebook, and what cured them."""
    next_evidence: str = ""
    """The single thing to collect next where the evidence does not decide."""

    @property
    def status(self) -> Literal["clean", "found"]:
        """``found`` when there is an error or a warning, here or in a file of it.

        A step that fails is found also where no rule knows why.
        """
        mine = any(finding.severity != "note" for finding in self.findings)
        mine = mine or (self.replay is not None and self.replay.is_reproduced)
        return "found" if mine or any(f.status == "found" for f in self.files) else "clean"

    @property
    def origin(self) -> Origin | None:
        """The origin that the replay found."""
        return self.replay.origin if self.replay else None

    def to_dict(self) -> dict[str, Any]:
        """Return the report of the public JSON contract ``nandoctor.report/1``, strict JSON."""
        return {
            "schema": SCHEMA,
            "command": self.command,
            "status": self.status,
            "inputs": list(self.inputs),
            "findings": [plain(finding) for finding in self.findings],
            "diagnosis": plain(self.diagnosis),
            "pattern": plain(self.pattern),
            "forecast": plain(self.forecast),
            "origin": self._origin_dict(),
            "replay": self._replay_dict(),
            "trials": [plain(trial) for trial in self.trials],
            "tensors": [plain(tensor) for tensor in self.tensors],
            "decision": [plain(step) for step in self.decision],
            "prescriptions": [plain(item) for item in self.prescriptions],
            "checkpoints": [_checkpoint_dict(facts) for facts in self.checkpoints],
            "logs": [_log_dict(log) for log in self.logs],
            "skipped": [plain(item) for item in self.skipped],
            "histograms": [plain(item) for item in self.histograms],
            "components": [plain(item) for item in self.components],
            "changes": [plain(item) for item in self.changes],
            "series": [plain(item) for item in self.series],
            "checklist": [plain(item) for item in self.checklist],
            "likely": list(self.likely),
            "similar": list(self.similar),
            "next_evidence": self.next_evidence,
            "timings": plain(self.timings),
            "files": [report.to_dict() for report in self.files],
        }

    def _origin_dict(self) -> dict[str, Any] | None:
        if self.origin is None:
            return None
        data: dict[str, Any] = plain(self.origin)
        for key in ("inputs", "outputs", "forward_inputs"):
            data[key] = [{**item.pop("stats"), **item} for item in data[key]]
        mechanism = self.origin_finding()
        data["cause"] = mechanism.cause if mechanism else None
        data["grade"] = mechanism.grade.name if mechanism else Grade.reproduced.name
        return data

    def origin_finding(self) -> Finding | None:
        """The finding that names the mechanism at the origin."""
        place = [f for f in self.findings if f.is_cause and f.code[:3] in _ORIGIN_FAMILIES]
        wanted = self.diagnosis and (self.diagnosis.mechanism or self.diagnosis.cause)
        return next((f for f in place if f.cause == wanted), place[0] if place else None)

    def _replay_dict(self) -> dict[str, Any] | None:
        if self.replay is None:
            return None
        data: dict[str, Any] = plain(self.replay)
        del data["origin"]
        return data


_ORIGIN_FAMILIES = ("ND1", "ND2", "ND3", "ND4", "ND5")


def _checkpoint_dict(facts: CheckpointFacts) -> dict[str, Any]:
    data: dict[str, Any] = {
        f.name: plain(getattr(facts, f.name)) for f in fields(facts) if f.name != "tensors"
    }
    del data["training"]["history"]
    data["num_tensors"] = len(facts.tensors)
    names = (t.name.partition(".")[0] for t in facts.tensors if t.role == "parameter")
    data["modules"] = list(dict.fromkeys(names))
    return data


def _log_dict(log: LogFacts) -> dict[str, Any]:
    return {
        "path": log.path,
        "format": log.format,
        "num_rows": len(log.history),
        "columns": list(log.history.columns),
        "num_lines": log.num_lines,
        "num_unread": log.num_unread,
        "unread_examples": list(log.unread_examples),
        "events": [plain(event) for event in log.events],
        "pattern": plain(log.pattern),
        "forecast": plain(log.forecast),
    }


def plain(value: Any) -> Any:
    """Return a value as strict JSON: a non-finite number becomes its name as a string."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Grade):
        return value.name
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _strict(float(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return [plain(item) for item in value]
    return str(value)


def _strict(number: float) -> float | str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return number
