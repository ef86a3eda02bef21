"""Takes out of a report what may be private, keeping what a stranger needs to help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nandoctor.evidence import (
    CheckpointFacts,
    Headroom,
    LayerNumerics,
    LogEvent,
    LogFacts,
    Origin,
    Pattern,
    Source,
    TensorChange,
    TensorSeries,
    TensorStats,
    TrainingState,
    Trial,
)
from nandoctor.findings import (
    Alternative,
    ChecklistItem,
    DecisionStep,
    Diagnosis,
    Finding,
    Report,
)
from nandoctor.reports.rewrite import rewritten, walked
from nandoctor.reports.stand_ins import StandIns

_KNOWN_CODE = ("torch.", "numpy.", "collections.", "builtins.", "_codecs.", "argparse.")
_OWN: Mapping[type, tuple[str, ...]] = {
    Report: ("command",), Finding: ("code", "cause", "mechanism"), Diagnosis: ("cause", "code"),
    Alternative: ("cause",), Trial: ("intervention", "outcome"), LogEvent: ("kind",),
    LogFacts: ("format",), CheckpointFacts: ("format",), TensorStats: ("dtype", "role"),
    Headroom: ("dtype", "kind"), LayerNumerics: ("kind",), Pattern: ("pattern", "outcome"),
    Origin: ("phase", "op", "forward_op"), DecisionStep: ("question", "answer"),
    ChecklistItem: ("item",), TensorChange: ("kind",),
}  # fmt: skip
"""Fields that hold nothing of the user's."""


def redacted(report: Report) -> Report:
    """Return the report without paths, private names, source lines, log lines and settings.

    The same name always gets the same stand-in; numbers that the diagnosis rests on stay.
    """
    stand_ins = StandIns()
    _note(report, stand_ins)
    emptied: Report = walked(report, _emptied)
    return rewritten(emptied, stand_ins.applied)


def _emptied(value: Any) -> Any:
    """Clear the fields that hold text of the user's: code, log lines, settings."""
    if isinstance(value, Source):
        return replace(value, code="")
    if isinstance(value, LogEvent):
        return replace(value, text="")
    if isinstance(value, LogFacts):
        return replace(value, unread_examples=())
    if isinstance(value, TrainingState):
        return replace(value, config={}, scheduler=None, param_groups=())
    return value


def _note(report: Report, stand_ins: StandIns) -> None:
    """Collect every path and name that the report holds."""
    for path in report.inputs:
        stand_ins.add_path(path)

    def note(value: Any) -> Any:
        for name in _OWN.get(type(value), ()):
            stand_ins.add_own(getattr(value, name))
        if isinstance(value, (LogFacts, CheckpointFacts)):
            stand_ins.add_path(value.path)
        if isinstance(value, (TensorStats, Source)):
            stand_ins.add_path(value.file)
        if isinstance(value, (TensorStats, TensorSeries)):
            stand_ins.add_name(value.name)
        elif isinstance(value, Source):
            stand_ins.add_name(value.function)
            stand_ins.add_line(value.code)
        elif isinstance(value, LogEvent):
            stand_ins.add_line(value.text)
        elif isinstance(value, Origin):
            stand_ins.add_name(value.module)
            stand_ins.add_name(value.module_class)
            for link in value.path_to_loss:
                stand_ins.add_own(link.rpartition(": ")[2])
        elif isinstance(value, CheckpointFacts):
            for name in value.classes:
                if not name.startswith(_KNOWN_CODE):
                    stand_ins.add_name(name)
        return value

    walked(report, note)
