"""The flow, one way: collect evidence, apply the rules, walk the tree, report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nandoctor.pipeline.api import (
        classify,
        classify_log,
        diagnose,
        inspect_checkpoint,
        inspect_model,
        replay,
        replay_checkpoint,
    )
    from nandoctor.pipeline.compare import compare
    from nandoctor.pipeline.gradients import gradient_flow
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
    "compare": "compare",
    "follow": "watch",
    "gradient_flow": "gradients",
    "look": "watch",
    "inspect_series": "series",
    "similar_cases": "past",
    "triage": "triage",
}


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use: a command imports the rooms that it needs."""
    if name not in __all__:
        raise AttributeError(f"module 'nandoctor.pipeline' has no attribute {name!r}")
    home = import_module(f"nandoctor.pipeline.{_HOMES.get(name, 'api')}")
    value = getattr(home, name)
    globals()[name] = value
    return value
