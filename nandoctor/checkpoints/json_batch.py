"""Batches written as JSON: rectangular lists of numbers become tensors, the rest stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nandoctor.errors import UnreadableInputError


def read_json(path: Path) -> Any:
    """Read a batch from JSON.

    Raises:
        UnreadableInputError: No JSON, or nested absurdly.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _tensors(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableInputError(
            f"{path}: not readable as JSON: {str(error)[:120]}", hint="write one JSON value"
        ) from error


def _tensors(node: Any) -> Any:
    import torch

    if isinstance(node, dict):
        return {key: _tensors(value) for key, value in node.items()}
    if isinstance(node, list):
        if node and _is_numbers(node):
            try:
                return torch.tensor(node)
            except (ValueError, TypeError, RuntimeError):
                pass
        return [_tensors(item) for item in node]
    return node


def _is_numbers(node: Any) -> bool:
    """Whether the first element, however deep, is a number."""
    while isinstance(node, list) and node:
        node = node[0]
    return isinstance(node, (int, float))
