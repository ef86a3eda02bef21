"""The flow, one way: collect evidence, apply the rules, walk the tree, report."""

from nandoctor.pipeline.api import (
    classify,
    classify_log,
    diagnose,
    gradient_flow,
    inspect_checkpoint,
    inspect_model,
    replay,
    replay_checkpoint,
)
from nandoctor.pipeline.collect import Settings
from nandoctor.pipeline.compare import compare
from nandoctor.pipeline.past import case_from, similar_cases
from nandoctor.pipeline.practice import checklist
from nandoctor.pipeline.series import inspect_series
from nandoctor.pipeline.triage import triage
from nandoctor.pipeline.watch import Watched, follow

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
    "replay",
    "replay_checkpoint",
    "similar_cases",
    "triage",
]
