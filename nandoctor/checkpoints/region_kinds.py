"""Which part of a checkpoint a key names, or the keys within it give away."""

from __future__ import annotations

import re
from typing import Any

from nandoctor.checkpoints.pickle_objects import Instance
from nandoctor.checkpoints.region_words import WORDS

_REGION = {word: region for region, words in WORDS.items() for word in words.split()}
_SUFFIX = re.compile(r"(_state_dicts?|_states?|_dict|_sd)$")
_HISTORY = re.compile(r"(?i)(hist|history|losses|curve)|^(loss|grad_norm)s$")


def region_of_key(key: Any) -> str:
    """Return the region that a key names, empty where it names none."""
    if not isinstance(key, str):
        return ""
    word = key.lower().replace("-", "_").strip("_")
    found = _REGION.get(word) or _REGION.get(_SUFFIX.sub("", word))
    if found:
        return found
    stem = _SUFFIX.sub("", word)
    if _HISTORY.search(word):
        return "history"
    parts = stem.split("_")
    for region in ("ema", "optimizer", "scheduler", "scaler"):
        if any(_REGION.get(part) == region for part in parts):
            return region
    if parts[-1] in ("grad", "grads", "gradients"):
        return "gradient"
    return "model" if stem != word and word.endswith(("_state_dict", "_sd")) else ""


def region_of_shape(node: Any) -> str:
    """Return the region that the keys within a container give away, empty where none."""
    if isinstance(node, Instance):
        name = node.class_path
        if name.startswith("torch.optim.") and isinstance(node.attributes().get("state"), dict):
            return "scheduler" if "lr_scheduler" in name else "optimizer"
        return "model" if "_parameters" in node.attributes() else ""
    if not isinstance(node, dict):
        return ""
    if "param_groups" in node and ("state" in node or _are_groups(node["param_groups"])):
        return "optimizer"
    if ("growth_factor" in node and "scale" in node) or "cur_scale" in node:
        return "scaler"
    if "python" in node and "numpy" in node and ("cpu" in node or "torch" in node):
        return "rng"
    return "scheduler" if "last_epoch" in node and "_step_count" in node else ""


def _are_groups(groups: Any) -> bool:
    """Whether a list is one of param groups: an optimizer without state may be saved without it."""
    return isinstance(groups, list) and all(isinstance(g, dict) and "lr" in g for g in groups)


def region_of_lone_tensor(key: Any) -> str:
    """Return the region of a lone tensor: ``rng_state`` and ``loss_history`` tell."""
    if not isinstance(key, str) or "." in key:
        return ""
    named = _REGION.get(key.lower(), "history" if _HISTORY.search(key) else "")
    return named if named in ("rng", "history", "batch", "gradient") else ""
