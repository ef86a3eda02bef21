"""A past crash as a row: what is kept of a report, and how alike two of them are."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

WEIGHTS: Mapping[str, float] = {
    "cause": 3.0, "mechanism": 2.0, "op": 2.0, "layer": 1.0, "phase": 1.0, "pattern": 1.0,
    "outcome": 0.5, "precision": 1.0, "architecture": 1.0, "optimizer": 0.5, "component": 0.5,
}  # fmt: skip
"""What makes two crashes alike; a field that one of them does not know counts for nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """One past crash; empty strings where the report did not know."""

    key: str
    cause: str = ""
    grade: str = ""
    mechanism: str = ""
    component: str = ""
    phase: str = ""
    module: str = ""
    op: str = ""
    pattern: str = ""
    outcome: str = ""
    precision: str = ""
    optimizer: str = ""
    architecture: str = ""
    fixed_by: tuple[str, ...] = ()
    note: str = ""
    run: str = ""
    """The last part of what was diagnosed."""
    added: str = ""
    """ISO date."""

    @property
    def layer(self) -> str:
        """The module without numbers: ``layers.attn`` for ``layers.3.attn``."""
        return re.sub(r"\.?\b\d+\b", "", self.module).strip(".")


def case_of(report: Mapping[str, Any], note: str = "", added: str = "") -> Case:
    """Return what the casebook keeps of a ``nandoctor.report/1``."""
    diagnosis, origin = report.get("diagnosis") or {}, report.get("origin") or {}
    pattern, replay = report.get("pattern") or {}, report.get("replay") or {}
    checkpoint: Mapping[str, Any] = next(iter(report.get("checkpoints") or []), {})
    training = checkpoint.get("training") or {}
    content = json.dumps([diagnosis, origin, pattern, report.get("inputs")], sort_keys=True)
    trials = report.get("trials") or []
    return Case(
        key=hashlib.sha256(content.encode()).hexdigest()[:16],
        cause=diagnosis.get("cause") or "",
        grade=diagnosis.get("grade") or "",
        mechanism=diagnosis.get("mechanism") or "",
        component=diagnosis.get("component") or "",
        phase=origin.get("phase") or "",
        module=origin.get("module") or "",
        op=origin.get("op") or "",
        pattern=pattern.get("pattern") or "",
        outcome=pattern.get("outcome") or "",
        precision=training.get("precision") or replay.get("precision") or "",
        optimizer=training.get("optimizer") or "",
        architecture="+".join(checkpoint.get("modules") or ()),
        fixed_by=tuple(
            t["intervention"] for t in trials if t["outcome"] == "fixed" and not t.get("hides")
        ),
        note=note,
        run=re.split(r"[\\/]", ((report.get("inputs") or [""])[0]).rstrip("\\/"))[-1],
        added=added,
    )


def likeness(a: Case, b: Case) -> float:
    """Return how alike two crashes are, 0..1, over the fields that both know."""
    known = [name for name in WEIGHTS if getattr(a, name) and getattr(b, name)]
    total = sum(WEIGHTS[name] for name in known)
    same = sum(WEIGHTS[name] for name in known if getattr(a, name) == getattr(b, name))
    return same / total if total else 0.0


def to_row(case: Case) -> dict[str, Any]:
    """Return a case as a JSON object."""
    return {**asdict(case), "fixed_by": list(case.fixed_by)}


def from_row(row: Mapping[str, Any]) -> Case:
    """Return the case of a JSON object; unknown keys are ignored.

    Raises:
        KeyError: It has no ``key``.
        TypeError: A value is no text.
    """
    known = {field.name: row[field.name] for field in fields(Case) if field.name in row}
    cures = tuple(row.get("fixed_by") or ())
    texts = [value for name, value in known.items() if name != "fixed_by"]
    if not all(isinstance(text, str) for text in (row["key"], *texts, *cures)):
        raise TypeError("a value is no text")
    return Case(**{**known, "key": row["key"], "fixed_by": cures})
