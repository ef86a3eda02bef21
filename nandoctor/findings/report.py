"""Everything that a renderer may see, and the order of the public JSON contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nandoctor.evidence import (
    CheckpointFacts,
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
from nandoctor.findings.answers import ChecklistItem, ComponentSummary
from nandoctor.findings.diagnosis import DecisionStep, Diagnosis
from nandoctor.findings.finding import Finding, Prescription
from nandoctor.findings.json_shapes import checkpoint_shape, log_shape, origin_shape, replay_shape
from nandoctor.findings.strict_json import plain

SCHEMA = "nandoctor.report/1"
ORIGIN_FAMILIES = ("ND1", "ND2", "ND3", "ND4", "ND5")


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
            "origin": origin_shape(self.origin, self.origin_finding()) if self.origin else None,
            "replay": replay_shape(self.replay) if self.replay else None,
            "trials": [plain(trial) for trial in self.trials],
            "tensors": [plain(tensor) for tensor in self.tensors],
            "decision": [plain(step) for step in self.decision],
            "prescriptions": [plain(item) for item in self.prescriptions],
            "checkpoints": [checkpoint_shape(facts) for facts in self.checkpoints],
            "logs": [log_shape(log) for log in self.logs],
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

    def origin_finding(self) -> Finding | None:
        """The finding that names the mechanism at the origin."""
        place = [f for f in self.findings if f.is_cause and f.code[:3] in ORIGIN_FAMILIES]
        wanted = self.diagnosis and (self.diagnosis.mechanism or self.diagnosis.cause)
        return next((f for f in place if f.cause == wanted), place[0] if place else None)
