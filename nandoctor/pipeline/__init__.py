"""The flow, one way: collect evidence, apply the rules, walk the tree, report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nandoctor.pipeline.classifying import classify, classify_log
    from nandoctor.pipeline.compare import compare
    from nandoctor.pipeline.diagnosing import diagnose, replay, replay_checkpoint
    from nandoctor.pipeline.gradients import gradient_flow
    from nandoctor.pipeline.inspecting import inspect_checkpoint, inspect_model
    from nandoctor.pipeline.past import case_from, similar_cases
    from nandoctor.pipeline.practice import checklist
    from nandoctor.pipeline.series import inspect_series
    from nandoctor.pipeline.settings import Settings
    from nandoctor.pipeline.triage import triage
    from nandoctor.pipeline.watch import Watched, follow, look

__all__ = [
    "Settings",
    "Watched",
    "case_from",
    "checklist",
    "classify",
    "classify_log",
    "compare",
    "diagnose",
    "follow",
    "gradient_flow",
    "inspect_checkpoint",
    "inspect_model",
    "inspect_series",
    "look",
    "replay",
    "replay_checkpoint",
    "similar_cases",
    "triage",
]

_HOMES = {
    "Settings": "settings",
    "Watched": "watch",
    "case_from": "past",
    "checklist": "practice",
    "classify": "classifying",
    "classify_log": "classifying",
    "compare": "compare",
    "diagnose": "diagnosing",
    "follow": "watch",
    "gradient_flow": "gradients",
    "inspect_checkpoint": "inspecting",
    "inspect_model": "inspecting",
    "inspect_series": "series",
    "look": "watch",
    "replay": "diagnosing",
    "replay_checkpoint": "diagnosing",
    "similar_cases": "past",
    "triage": "triage",
}


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use: a command imports the rooms that it needs."""
    if name not in _HOMES:
        raise AttributeError(f"module 'nandoctor.pipeline' has no attribute {name!r}")
    home = import_module(f"nandoctor.pipeline.{_HOMES[name]}")
    value = getattr(home, name)
    globals()[name] = value
    return value
