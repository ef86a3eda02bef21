"""The flow, one way: collect evidence, apply the rules, walk the tree, report."""

from nandoctor.pipeline.api import (
    classify,
    classify_log,
    diagnose,
    inspect_checkpoint,
    inspect_model,
    replay,
    replay_checkpoint,
)
from nandoctor.pipeline.collect import Settings

__all__ = [
    "Settings",
    "classify",
    "classify_log",
    "diagnose",
    "inspect_checkpoint",
    "inspect_model",
    "replay",
    "replay_checkpoint",
]
