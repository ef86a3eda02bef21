"""The parts of the public JSON contract that differ from the values they are made of."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from nandoctor.evidence import CheckpointFacts, LogFacts, Origin, ReplayFacts
from nandoctor.findings.finding import Finding, Grade
from nandoctor.findings.strict_json import plain


def origin_shape(origin: Origin, mechanism: Finding | None) -> dict[str, Any]:
    """Return an origin with its operands flat, and the cause and grade of its mechanism."""
    data: dict[str, Any] = plain(origin)
    for key in ("inputs", "outputs", "forward_inputs"):
        data[key] = [{**item.pop("stats"), **item} for item in data[key]]
    data["cause"] = mechanism.cause if mechanism else None
    data["grade"] = mechanism.grade.name if mechanism else Grade.reproduced.name
    return data


def replay_shape(facts: ReplayFacts) -> dict[str, Any]:
    """Return a replay without its origin, which stands on its own in a report."""
    data: dict[str, Any] = plain(facts)
    del data["origin"]
    return data


def checkpoint_shape(facts: CheckpointFacts) -> dict[str, Any]:
    """Return a checkpoint with counts and modules in place of its tensors and history."""
    data: dict[str, Any] = {
        f.name: plain(getattr(facts, f.name)) for f in fields(facts) if f.name != "tensors"
    }
    del data["training"]["history"]
    data["num_tensors"] = len(facts.tensors)
    names = (t.name.partition(".")[0] for t in facts.tensors if t.role == "parameter")
    data["modules"] = list(dict.fromkeys(names))
    return data


def log_shape(log: LogFacts) -> dict[str, Any]:
    """Return a log with the names of its columns in place of its rows."""
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
